// Nest 12 is ESM-only: under Jest's module registry these must be loaded first, once, in this order.
import 'reflect-metadata';
import '@nestjs/common';
import '@nestjs/core';
