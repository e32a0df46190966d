/** Models of rooms and weather. */

import { minuteMs } from '../core/time.ts';
import { between, drift } from './chance.ts';
import { firstRegister, type Model, type ModelInput, ownWarp, registered, round } from './model.ts';

const hourMs = 60 * minuteMs;

export const roomSensorModel = (input: ModelInput): Model => {
  const { key, shapes, use } = input;
  const people = shapes.presence[use];
  const way = ownWarp(input);
  /** Mean presence of the last `spanMs`: air and walls are slow. */
  const recently = (at: number, spanMs: number): number => (people.integral(way.time(at)) - people.integral(way.time(at - spanMs))) / (spanMs / hourMs);
  const crowd = between(key, 1, 350, 1_100);
  const set = between(key, 2, 19.2, 21.8);
  return {
    valuesAt(at) {
      const { temperature: outside, humidity } = shapes.weather(at);
      const used = recently(at, 50 * minuteMs);
      const heated = recently(at, 6 * hourMs);
      const summer = Math.max(0, outside - 19) * 0.55;
      const temperature = set - 2.2 + 2 * Math.min(1, heated * 1.6) + 1.2 * used + summer + 0.25 * drift(key, at, 40 * minuteMs);
      return {
        temperature: round(temperature, 2),
        // Indoor air holds the water of the air outside, warmed.
        humidity: round(Math.min(85, Math.max(15, humidity * Math.exp(-0.062 * (temperature - outside)) + 9 * used + drift(key ^ 2, at, hourMs))), 1),
        co2: round(425 + crowd * used * (1 + 0.1 * drift(key ^ 3, at, 20 * minuteMs)), 0),
      };
    },
  };
};

export const weatherStationModel = (input: ModelInput): Model => {
  const { key, shapes } = input;
  const start = firstRegister(key, 1_500);
  const offset = between(key, 1, -0.4, 0.4);
  return {
    valuesAt(at) {
      const now = shapes.weather(at);
      return {
        temperature: round(now.temperature + offset + 0.1 * drift(key, at, 5 * minuteMs), 1),
        humidity: round(now.humidity, 0),
        pressure: round(now.pressure, 1),
        wind_speed: round(now.wind, 1),
        wind_direction: Math.round(now.windFrom) % 360,
        irradiance: round(now.irradiance, 1),
        rain: registered(start + shapes.rain.integral(at), 1),
      };
    },
  };
};

/** The cheap air sensor in a school's yard. */
export const airSensorModel = (input: ModelInput): Model => {
  const { key, shapes } = input;
  return {
    valuesAt(at) {
      const now = shapes.weather(at);
      return {
        temperature: round(now.temperature + 0.6 + 0.3 * drift(key, at, 9 * minuteMs), 2),
        humidity: round(Math.min(100, now.humidity + 2 * drift(key ^ 1, at, 30 * minuteMs)), 1),
        pm25: round(Math.max(0.5, now.pm25 + 1.5 * drift(key ^ 2, at, 25 * minuteMs)), 2),
      };
    },
  };
};
