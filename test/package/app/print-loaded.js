import { loaded } from './loaded.js';

const worker = await loaded();
console.log(JSON.stringify({ main: loaded.original(), worker }));
