// What the test says to every script: where the proxy is, and what the provider behind it answers.

import assert from 'node:assert/strict';

export const { PENSTOCK_URL: url, PENSTOCK_KEY: key, PENSTOCK_MODEL: model, PENSTOCK_TEXT: text } =
  process.env;

// Has the mock provider call one of the tools that it is offered.
export const calling = { 'x-mock-tools': '1', 'x-mock-arguments': '{"city":"Oslo"}' };

export const same = assert.deepEqual;
export const refused = assert.rejects;
