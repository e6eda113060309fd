import { render } from './render.js';

const pages = await Promise.all([render('hello', 'dark'), render('hello', 'dark')]);
console.log(JSON.stringify({ pages, computations: render.stats().computations }));
