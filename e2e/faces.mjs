// Every state of every page, looked at in Chromium. What is looked at stands in the parts.
import { attempt, finish, input } from './lib.mjs';
import { runAxe } from './faces_axe.mjs';
import { runKeys } from './faces_keys.mjs';
import { runLive } from './faces_live.mjs';
import { runInjected, runPlain, runText } from './faces_plain.mjs';
import { runPictures, runSheets } from './faces_sheets.mjs';
import { runStill } from './faces_still.mjs';

const parts = { axe: runAxe, plain: runPlain, text: runText, injected: runInjected, keys: runKeys, live: runLive, still: runStill, sheets: runSheets, pictures: runPictures };
for (const part of input.parts) await attempt(part, parts[part]);
finish();
