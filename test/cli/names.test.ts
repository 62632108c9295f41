import { describe, expect, it } from '@jest/globals';
import { hostOf } from '../../src/cli/embedded-broker.ts';
import { servedName } from '../../src/cli/served-name.ts';
import { stateDirectory } from '../../src/cli/state-directory.ts';

describe('names and places', () => {
  it.each([
    ['zoo:vgg16', 'vgg16'],
    ['street', 'street'],
    ['/srv/models/number plates.onnx', 'number-plates'],
    ['./ü.onnx', '-'],
    ['model.v2.onnx', 'model.v2'],
  ])('%s is served as %s', (spec, name) => expect(servedName(spec)).toBe(name));

  it.each([
    ['/data', {}, true, '/data'],
    ['auto', { STATE_DIRECTORY: '/var/lib/private/isobath:/x' }, false, '/var/lib/private/isobath/agent-a'],
    ['auto', {}, true, '/var/lib/isobath/agent-a'],
    ['auto', { XDG_STATE_HOME: '/home/u/.state' }, false, '/home/u/.state/isobath/agent-a'],
  ])('state %s with %j, root: %s, lies in %s', (setting, environment, root, place) => {
    expect(stateDirectory(setting, 'agent-a', environment, root)).toBe(place);
  });

  it('opens a broker to the network only with users, or when told to', () => {
    const listen = { host: 'auto', port: 1883, websocketPort: -1, tls: { cert: '', key: '' } };
    const user = { name: 'a', password: 'b' };
    expect(hostOf(listen, [])).toBe('127.0.0.1');
    expect(hostOf(listen, [user])).toBe('0.0.0.0');
    expect(hostOf({ ...listen, host: '::' }, [])).toBe('::');
  });
});
