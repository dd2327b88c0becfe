import { SoakReport } from '../soak/soak-report.js';

describe(SoakReport, () => {
  it('tells the rate of errors for each fault, answers of 500 and above and requests without one', () => {
    const report = new SoakReport();
    report.attempt({ status: 200, tookMs: 5 });
    report.begin('api killed');
    for (const status of [200, 404, 503, undefined]) report.attempt({ status, tookMs: 12 });
    report.end();
    report.attempt({ status: 201, tookMs: 7 });
    const rows = report
      .text()
      .split('\n')
      .map((line) => line.split(/ {2,}/));
    expect(rows[0]).toEqual(['while', 'times', 'seconds', 'requests', '5xx', 'lost', 'errors', 'slowest ms']);
    expect(rows[1]!.toSpliced(2, 1)).toEqual(['nothing', '2', '2', '0', '0', '0.00 %', '7']);
    expect(rows[2]!.toSpliced(2, 1)).toEqual(['api killed', '1', '4', '1', '1', '50.00 %', '12']);
    expect(report.faults).toEqual(['api killed']);
    expect(report.requests).toBe(6);
  });
});
