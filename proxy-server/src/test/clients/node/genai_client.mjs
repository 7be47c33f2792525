// Google's SDK for Node: generated content, whole and streamed.

import { GoogleGenAI } from '@google/genai';
import { readFile } from 'node:fs/promises';
import { key, model, refused, same, text, url } from './given.mjs';

const connect = (apiKey) => new GoogleGenAI({ apiKey, httpOptions: { baseUrl: url } });
const client = connect(key);

same((await client.models.generateContent({ model, contents: 'Hi' })).text, text);
let streamed = '';
for await (const piece of await client.models.generateContentStream({ model, contents: 'Hi' })) {
  streamed += piece.text ?? '';
}
same(streamed, text);
await refused(connect('pk-unknown').models.generateContent({ model, contents: 'Hi' }),
  { status: 401 });

const { dependencies } = JSON.parse(await readFile('package.json'));
console.log(`@google/genai ${dependencies['@google/genai']}`);
