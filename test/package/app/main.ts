import { type Page, render, type Theme } from './render.ts';

const theme: Theme = 'dark';
const pages: Page[] = await Promise.all([render('hello', theme), render('hello', theme)]);
console.log(JSON.stringify({ pages, computations: render.stats().computations }));
