import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { outputsOfFirstRelease, project, reportOrigin, roiOutputs, withPlan } from '../../test/factories/digest.ts';
import { printFigures } from './roi-detail.ts';

function printed(outputs = withPlan(), columns: number | null = 80): string {
  const lines: string[] = [];
  const io = { out: (text: string) => void lines.push(text), columns, color: pc.createColors(false) };
  const { engineVersion, inputsHash, knownAtMs } = reportOrigin;
  const snapshot = { id: 'snapshot-1', projectId: 'checkout-rewrite', asOf: outputs.asOf, versions: null, outputs };
  printFigures(io, project(), { ...snapshot, engineVersion, inputsHash, knownAtMs });
  return lines.join('\n');
}

describe('one project on the terminal', () => {
  it('has doubt, costs, plan, variance and sensitivity in groups', () => {
    const text = printed();
    for (const words of [
      '80% range €1,100,000 to €1,370,000',
      'At completion (EAC)',
      'Against plan v2',
      'NPV at completion',
    ])
      expect(text).toContain(words);
    expect(text).toMatch(/Benefit\s+−€8,300\s+−€2,000\s+€0\s+−€6,300\s+€0/);
    expect(text).toMatch(/Cost to date\s+900,000 to 1,100,000\s+€1\.3m to €1\.1m\s+2,234,567\.9/);
    expect(text).toContain('New checkout is late: planned 20 Aug 2026');
  });

  it('prints nothing of what there is not', () => {
    const text = printed(roiOutputs());
    expect(text).not.toMatch(/Against plan|Variance|range|sensitive|fiscal|EAC|Forecast|null|undefined|NaN/);
  });

  it('prints a snapshot of an earlier release', () => {
    const text = printed(outputsOfFirstRelease());
    expect(text).toContain('42%');
    expect(text).not.toMatch(/undefined|NaN|Invalid/);
  });

  it('fits into 80 columns', () => {
    const wide = printed()
      .split('\n')
      .filter((line) => line.length > 80 && !/^(warning|snapshot|engine)/.test(line));
    expect(wide).toEqual([]);
  });
});
