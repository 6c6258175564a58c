// What stage.py hands to a driver: one private file, named by SETTINGS.
import { readFileSync } from 'node:fs';

export const settings = JSON.parse(readFileSync(process.env.SETTINGS, 'utf8'));
