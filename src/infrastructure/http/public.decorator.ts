import { Reflector } from '@nestjs/core';

/** Marks a route that needs no access token. Every other route is closed. */
export const PublicRoute = Reflector.createDecorator<true>();
export const Public = (): MethodDecorator & ClassDecorator => PublicRoute(true);
