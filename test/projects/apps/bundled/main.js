import { render } from './render.js';

const call = () => render('hello', { name: 'dark' });
const pages = await Promise.all([call(), call()]);
console.log(JSON.stringify({ pages, computations: render.stats().computations }));
