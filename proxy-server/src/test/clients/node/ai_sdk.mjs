// Vercel's AI SDK by its OpenAI and Anthropic providers: chat, Responses and messages, whole and
// streamed; the SDK makes the turn after a tool call itself.

import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai';
import { readFile } from 'node:fs/promises';
import { calling, key, model, refused, same, text, url } from './given.mjs';

// The mock calls a tool whenever it is asked to: not again once it has the result.
const once = (to, request) => {
  const headers = new Headers(request.headers);
  if (request.body.includes('Rain.')) {
    headers.delete('x-mock-tools');
  }
  return fetch(to, { ...request, headers });
};
const openai = createOpenAI({ baseURL: `${url}/v1`, apiKey: key, fetch: once });
const anthropic = createAnthropic({ baseURL: `${url}/v1`, apiKey: key, fetch: once });

for (const ai of [openai.chat(model), openai.responses(model), anthropic(model)]) {
  const ask = { model: ai, prompt: 'Hi', maxRetries: 0 };
  same((await generateText(ask)).text, text);
  same(await streamText(ask).text, text);

  const cities = [];
  const weather = tool({
    inputSchema: jsonSchema({ type: 'object', properties: { city: { type: 'string' } } }),
    execute: async ({ city }) => { cities.push(city); return 'Rain.'; },
  });
  const agent = { ...ask, tools: { weather }, headers: calling, stopWhen: stepCountIs(3) };
  const answer = await generateText(agent);
  same(answer.steps.length, 2);
  same(answer.text, text);
  const stream = streamText(agent);
  same(await stream.text, text);
  same((await stream.steps).length, 2);
  same(cities, ['Oslo', 'Oslo']);
}

const stranger = createOpenAI({ baseURL: `${url}/v1`, apiKey: 'pk-unknown' }).responses(model);
await refused(generateText({ model: stranger, prompt: 'Hi', maxRetries: 0 }), { statusCode: 401 });

const { dependencies } = JSON.parse(await readFile('package.json'));
console.log(`ai ${dependencies.ai}`);
