import { describe, expect, it } from 'vitest';
import { EndpointError, type EndpointSettings, resolveEndpoints } from '../../src/server/endpoints.js';

const base: EndpointSettings = {
  listeners: ['PLAINTEXT://:9092'],
  advertisedListeners: [],
  securityProtocolMap: ['PLAINTEXT:PLAINTEXT', 'SSL:SSL', 'CONTROLLER:PLAINTEXT', 'INTERNAL:PLAINTEXT'],
  controllerListenerNames: [],
  hostname: 'box',
};

describe('resolveEndpoints', () => {
  it('advertises the host name for a wildcard listener', () => {
    expect(resolveEndpoints(base)).toEqual([
      { name: 'PLAINTEXT', host: '', port: 9092, advertisedHost: 'box', advertisedPort: 9092 },
    ]);
  });

  it('takes the combined KRaft example of Kafka: controller listeners are left out', () => {
    const endpoints = resolveEndpoints({
      ...base,
      listeners: ['PLAINTEXT://127.0.0.1:9092', 'CONTROLLER://127.0.0.1:9093'],
      controllerListenerNames: ['CONTROLLER'],
    });
    expect(endpoints.map((endpoint) => endpoint.name)).toEqual(['PLAINTEXT']);
  });

  it('keeps one advertised address per listener name', () => {
    const endpoints = resolveEndpoints({
      ...base,
      listeners: ['PLAINTEXT://0.0.0.0:9092', 'INTERNAL://[::1]:9094'],
      advertisedListeners: ['PLAINTEXT://broker.example:19092', 'INTERNAL://localhost:9094'],
    });
    expect(endpoints.map((e) => [e.name, e.host, e.advertisedHost, e.advertisedPort])).toEqual([
      ['PLAINTEXT', '0.0.0.0', 'broker.example', 19092],
      ['INTERNAL', '::1', 'localhost', 9094],
    ]);
  });

  it.each([
    [{ listeners: ['PLAINTEXT:9092'] }, /is not NAME:\/\/host:port/],
    [{ listeners: ['PLAINTEXT://:99999'] }, /0 to 65535/],
    [{ listeners: ['PLAINTEXT://:1', 'plaintext://:2'] }, /used twice/],
    [{ listeners: ['SSL://:9093'] }, /security protocol SSL/],
    [{ advertisedListeners: ['PLAINTEXT://0.0.0.0:9092'] }, /wildcard/],
    [{ advertisedListeners: ['OTHER://h:1'] }, /not among the listeners/],
    [{ listeners: [] }, /at least one listener/],
  ])('refuses %j', (change, message) => {
    expect(() => resolveEndpoints({ ...base, ...change })).toThrow(EndpointError);
    expect(() => resolveEndpoints({ ...base, ...change })).toThrow(message);
  });
});
