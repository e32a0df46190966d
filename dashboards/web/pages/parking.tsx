/** Parking: the list first, the map after it; readable without a script. */
import type { ParkingModel } from '../models.ts';
import { CarParks } from '../parts/car-parks.tsx';
import type { Voice } from '../parts/document.tsx';
import { Moment } from '../parts/figures.tsx';
import { Heads } from '../parts/heads.tsx';
import { LiveBar } from '../parts/live-bar.tsx';
import { MapSection } from '../parts/map.tsx';

export const ParkingPage = ({ voice, model }: { voice: Voice; model: ParkingModel }) => {
  const { words } = voice;
  return (
    <>
      <header class="page-head">
        <h1>{words.parking.title}</h1>
        <p>{words.parking.intro}</p>
      </header>
      <section aria-labelledby="parks">
        <h2 id="parks">{words.parking.parks}</h2>
        {model.parks.length === 0 ? <p>{words.parking.none}</p> : <CarParks voice={voice} parks={model.parks} />}
        <LiveBar words={words} />
      </section>
      {model.streets.length === 0 ? null : (
        <section aria-labelledby="streets">
          <h2 id="streets">{words.parking.streets}</h2>
          <p class="small">{words.parking.streetsHelp}</p>
          <table class="numbers stack">
            <caption>{words.parking.streetsCaption}</caption>
            <Heads labels={[words.parking.street, words.parking.freeBays, words.parking.occupied, words.parking.unknownBays, words.parking.lastChange]} />
            <tbody>
              {model.streets.map(({ site, name, free, occupied, unknown, at }) => (
                <tr key={site}>
                  <th scope="row">{name}</th>
                  <td data-label={words.parking.freeBays}>{free + occupied === 0 ? '–' : <strong>{free}</strong>}</td>
                  <td data-label={words.parking.occupied}>{free + occupied === 0 ? '–' : occupied}</td>
                  <td data-label={words.parking.unknownBays}>{unknown}</td>
                  <td data-label={words.parking.lastChange}>{at === null ? words.never : <Moment voice={voice} at={at} />}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      <MapSection voice={voice} title={words.parking.map} map={model.map} id="park-map" />
    </>
  );
};
