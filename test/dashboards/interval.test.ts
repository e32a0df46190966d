/** A device whose interval is changed after its first reading: its figures go on in the windows that they began with, and are found there. */
import { expect, test } from 'vitest';
import { levelOf } from '../../core/window.ts';
import { directoryOf } from '../../dashboards/directory.ts';
import { drive, townOf } from '../drive.ts';
import { types, viewsOver } from './town.ts';

const now = Date.parse('2026-04-07T10:00:00Z');
const meters = (intervalMs: number) => townOf(['old', 'new'].map((id) => ({ id, type: 'linky', intervalMs })));

test('the finest window is the one that figures are kept in', async () => {
  const gate = await drive(meters(900_000), now);
  gate.send('old', { ts: now - 900_000, values: { active_energy: 1 } });
  const { views, commit } = viewsOver(gate);
  await commit();
  await views.change({ action: 'apply', town: meters(3_600_000) });
  const directory = await directoryOf(views, types).current();
  const finest = (id: string, ...quantity: [] | [string]) => directory.finestOf(directory.device(id), ...quantity);
  expect([finest('old'), finest('old', 'active_energy'), finest('new')]).toEqual([levelOf('PT15M'), levelOf('PT15M'), levelOf('PT1H')]);
});
