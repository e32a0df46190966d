/**
 * The catalogue of quantities: every property that a device of the town can report, each defined once.
 * Which device reports which, and within what range, is left to the types.
 */
import type { Quantity } from '../core/quantity.ts';

type Label = Quantity['label'];

const index = (name: string, unit: string, quantum: number, label: Label): Quantity => ({ name, kind: 'index', unit, quantum, label });
const delta = (name: string, unit: string, quantum: number, label: Label): Quantity => ({ name, kind: 'delta', unit, quantum, label });
const gauge = (name: string, unit: string, quantum: number, label: Label): Quantity => ({ name, kind: 'gauge', unit, quantum, label });
const step = (name: string, unit: string, quantum: number, label: Label): Quantity => ({ name, kind: 'gauge', unit, quantum, step: true, label });
const state = (name: string, states: readonly string[], label: Label): Quantity => ({ name, kind: 'state', unit: '1', quantum: 1, states, label });

// Electricity. A quantum of 0.0001 kWh holds what meters send (1 Wh) and what archives round to.
export const activeEnergyImport = index('active_energy_import', 'kW.h', 0.0001, { fr: 'Énergie soutirée', en: 'Energy drawn' });
export const activeEnergyExport = index('active_energy_export', 'kW.h', 0.0001, { fr: 'Énergie injectée', en: 'Energy fed in' });
/** Energy of an interval, as archives and distributors publish it; live meters send the register. */
export const activeEnergy = delta('active_energy', 'kW.h', 0.0001, { fr: 'Énergie active', en: 'Active energy' });
export const reactiveEnergyImport = index('reactive_energy_import', 'kV.A{reactive}.h', 0.0001, {
  fr: 'Énergie réactive soutirée',
  en: 'Reactive energy drawn',
});
export const reactiveEnergy = delta('reactive_energy', 'kV.A{reactive}.h', 0.0001, { fr: 'Énergie réactive', en: 'Reactive energy' });
export const reactiveEnergyLeading = delta('reactive_energy_leading', 'kV.A{reactive}.h', 0.0001, {
  fr: 'Énergie réactive capacitive',
  en: 'Leading reactive energy',
});
export const activePower = gauge('active_power', 'W', 1, { fr: 'Puissance active', en: 'Active power' });
export const reactivePower = gauge('reactive_power', 'V.A{reactive}', 1, { fr: 'Puissance réactive', en: 'Reactive power' });
export const apparentPower = gauge('apparent_power', 'V.A', 1, { fr: 'Puissance apparente', en: 'Apparent power' });
export const dcPower = gauge('dc_power', 'W', 1, { fr: 'Puissance continue', en: 'DC power' });
export const voltageL1 = gauge('voltage_l1', 'V', 0.01, { fr: 'Tension L1', en: 'Voltage L1' });
export const voltageL2 = gauge('voltage_l2', 'V', 0.01, { fr: 'Tension L2', en: 'Voltage L2' });
export const voltageL3 = gauge('voltage_l3', 'V', 0.01, { fr: 'Tension L3', en: 'Voltage L3' });
export const currentL1 = gauge('current_l1', 'A', 0.001, { fr: 'Courant L1', en: 'Current L1' });
export const currentL2 = gauge('current_l2', 'A', 0.001, { fr: 'Courant L2', en: 'Current L2' });
export const currentL3 = gauge('current_l3', 'A', 0.001, { fr: 'Courant L3', en: 'Current L3' });
export const frequency = gauge('frequency', 'Hz', 0.001, { fr: 'Fréquence', en: 'Frequency' });
export const powerFactor = gauge('power_factor', '1', 0.001, { fr: 'Facteur de puissance', en: 'Power factor' });
/** Share of the rated power. */
export const load = gauge('load', '%', 0.001, { fr: 'Charge', en: 'Load' });
export const oilTemperature = gauge('oil_temperature', 'Cel', 0.001, { fr: "Température de l'huile", en: 'Oil temperature' });
export const stateOfCharge = gauge('state_of_charge', '%', 0.01, { fr: 'État de charge', en: 'State of charge' });

// Charging and lighting
export const charging = state('charging', ['available', 'charging', 'finished', 'out_of_order'], { fr: 'Recharge', en: 'Charging' });
/** Energy of the session that runs; starts again with each, so it is a level and no register. */
export const sessionEnergy = step('session_energy', 'kW.h', 0.001, { fr: 'Énergie de la session', en: 'Session energy' });
export const lighting = state('lighting', ['off', 'dimmed', 'on'], { fr: 'Éclairage', en: 'Lighting' });
export const dimmingLevel = step('dimming_level', '%', 0.1, { fr: 'Gradation', en: 'Dimming level' });
export const lampFaults = step('lamp_faults', '1', 1, { fr: 'Lampes en défaut', en: 'Faulty lamps' });

// Gas, heat, water
export const gasVolume = index('gas_volume', 'm3', 0.001, { fr: 'Volume de gaz', en: 'Gas volume' });
/** The register of a volume converter, which knows pressure, temperature and calorific value. */
export const gasEnergyIndex = index('gas_energy_index', 'kW.h', 0.0001, { fr: 'Énergie gaz (index)', en: 'Gas energy (register)' });
/** Energy of an interval, as the distributor bills it. */
export const gasEnergy = delta('gas_energy', 'kW.h', 0.0001, { fr: 'Énergie gaz', en: 'Gas energy' });
export const heatEnergy = index('heat_energy', 'kW.h', 0.0001, { fr: 'Énergie thermique', en: 'Heat energy' });
export const heatAmount = delta('heat_amount', 'kW.h', 0.0001, { fr: "Énergie thermique de l'intervalle", en: 'Heat energy of the interval' });
export const heatPower = gauge('heat_power', 'W', 1, { fr: 'Puissance thermique', en: 'Heat power' });
export const flow = gauge('flow', 'm3/h', 0.001, { fr: 'Débit', en: 'Flow' });
export const supplyTemperature = gauge('supply_temperature', 'Cel', 0.01, { fr: 'Température de départ', en: 'Supply temperature' });
export const returnTemperature = gauge('return_temperature', 'Cel', 0.01, { fr: 'Température de retour', en: 'Return temperature' });
export const waterVolume = index('water_volume', 'm3', 0.001, { fr: "Volume d'eau", en: 'Water volume' });

// Parking
export const occupancy = state('occupancy', ['free', 'occupied'], { fr: 'Occupation', en: 'Occupancy' });
export const freePlaces = step('free_places', '{place}', 1, { fr: 'Places libres', en: 'Free places' });
export const capacity = step('capacity', '{place}', 1, { fr: 'Capacité', en: 'Capacity' });
export const entries = index('entries', '{vehicle}', 1, { fr: 'Entrées', en: 'Entries' });
export const exits = index('exits', '{vehicle}', 1, { fr: 'Sorties', en: 'Exits' });

// Air and weather
export const temperature = gauge('temperature', 'Cel', 0.01, { fr: 'Température', en: 'Temperature' });
export const humidity = gauge('humidity', '%', 0.01, { fr: 'Humidité relative', en: 'Relative humidity' });
export const co2 = gauge('co2', '[ppm]', 1, { fr: 'CO₂', en: 'CO₂' });
export const pm25 = gauge('pm25', 'ug/m3', 0.01, { fr: 'Particules PM2,5', en: 'Particles PM2.5' });
export const illuminance = gauge('illuminance', 'lx', 1, { fr: 'Éclairement', en: 'Illuminance' });
export const pressure = gauge('pressure', 'hPa', 0.1, { fr: 'Pression', en: 'Pressure' });
export const windSpeed = gauge('wind_speed', 'm/s', 0.01, { fr: 'Vitesse du vent', en: 'Wind speed' });
/** A step: between 350° and 10° no straight line leads through 180°. */
export const windDirection = step('wind_direction', 'deg', 1, { fr: 'Direction du vent', en: 'Wind direction' });
export const irradiance = gauge('irradiance', 'W/m2', 0.1, { fr: 'Rayonnement global', en: 'Global irradiance' });
/** The count of a tipping bucket. */
export const rain = index('rain', 'mm', 0.01, { fr: 'Pluie', en: 'Rain' });

// The device itself
export const batteryVoltage = gauge('battery_voltage', 'V', 0.001, { fr: 'Tension de pile', en: 'Cell voltage' });

/** Every quantity, by the order above. */
export const quantities: readonly Quantity[] = [
  activeEnergyImport,
  activeEnergyExport,
  activeEnergy,
  reactiveEnergyImport,
  reactiveEnergy,
  reactiveEnergyLeading,
  activePower,
  reactivePower,
  apparentPower,
  dcPower,
  voltageL1,
  voltageL2,
  voltageL3,
  currentL1,
  currentL2,
  currentL3,
  frequency,
  powerFactor,
  load,
  oilTemperature,
  stateOfCharge,
  charging,
  sessionEnergy,
  lighting,
  dimmingLevel,
  lampFaults,
  gasVolume,
  gasEnergyIndex,
  gasEnergy,
  heatEnergy,
  heatAmount,
  heatPower,
  flow,
  supplyTemperature,
  returnTemperature,
  waterVolume,
  occupancy,
  freePlaces,
  capacity,
  entries,
  exits,
  temperature,
  humidity,
  co2,
  pm25,
  illuminance,
  pressure,
  windSpeed,
  windDirection,
  irradiance,
  rain,
  batteryVoltage,
];
