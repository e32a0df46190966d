/** The dashboards there are, one line each. */
import type { Board, Context } from './board.ts';
import { gridBoard } from './grid.ts';
import { lightingBoard } from './lighting.ts';
import { octroiBoard } from './octroi.ts';
import { parkingBoard } from './parking.ts';
import { qualityBoard } from './quality.ts';
import { siteBoard } from './site.ts';
import { townBoard } from './town.ts';

export const boards: readonly ((context: Context) => Board)[] = [townBoard, siteBoard, parkingBoard, gridBoard, lightingBoard, qualityBoard, octroiBoard];
