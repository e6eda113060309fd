import { first } from './first.js';
import { second } from './second.js';

console.log(first.id, second.id);
