// OpenAI's SDK for Node: chat and Responses, whole and streamed.

import OpenAI from 'openai';
import { readFile } from 'node:fs/promises';
import { key, model, refused, same, text, url } from './given.mjs';

const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
const messages = [{ role: 'user', content: 'Hi' }];

same((await client.chat.completions.create({ model, messages })).choices[0].message.content, text);
same((await client.chat.completions.stream({ model, messages }).finalContent()), text);
same((await client.responses.create({ model, input: 'Hi' })).output_text, text);
same((await client.responses.stream({ model, input: 'Hi' }).finalResponse()).output_text, text);
await refused(client.withOptions({ apiKey: 'pk-unknown' }).responses
  .create({ model, input: 'Hi' }), OpenAI.AuthenticationError);

const { dependencies } = JSON.parse(await readFile('package.json'));
console.log(`openai ${dependencies.openai}`);
