/** `octroi town check|apply|export`: the town file. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { stringify } from 'yaml';
import { counted } from './counted.ts';
import { isUsed } from './keep/data-folder.ts';
import { readTown } from './keep/town-file.ts';
import { configOf, dataCommand, plainCommand, print } from './options.ts';
import { inWorkshop, openWorkshop } from './workshop.ts';

const check = (): Command =>
  plainCommand('check', 'check a town file')
    .argument('<file>')
    .action(async (file: string, { json }) => {
      const { sites, devices } = await readTown(file);
      print(
        json,
        { sites: sites.length, devices: devices.length },
        () => `${file}: ${counted(sites.length, 'site')}, ${counted(devices.length, 'device')}, no fault`,
      );
    });

const apply = (): Command =>
  dataCommand('apply', 'put a town file into force')
    .argument('<file>')
    .action(async (file: string, { json, ...options }) => {
      const town = await readTown(file);
      const config = configOf(options);
      const made = !isUsed(config);
      const workshop = await openWorkshop(config, true);
      try {
        const offset = await workshop.change({ action: 'apply', town });
        print(json, { offset, devices: town.devices.length, made }, () => {
          const applied = `applied at position ${offset}: ${counted(town.devices.length, 'device')}`;
          return made ? `${applied}; a new data folder was made at ${resolve(config.data)}, and no octroi runs on it` : applied;
        });
      } finally {
        await workshop.close();
      }
    });

const exportCommand = (): Command =>
  dataCommand('export', 'print the town as it holds, adopted devices included').action(async ({ json, ...options }) => {
    const town = await inWorkshop(configOf(options), ({ views }) => views.town());
    print(json, town, () => stringify(town).trimEnd());
  });

export const townCommand = (): Command =>
  new Command('town').description('check, apply or export the town file').addCommand(check()).addCommand(apply()).addCommand(exportCommand());
