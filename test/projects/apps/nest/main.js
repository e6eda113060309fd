/** A controller and a provider, put together without decorators' syntax, which Node does not have. */

import 'reflect-metadata';
import { Controller, Get, HttpException, Inject, Injectable, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createPool } from 'threadmemo';
import { priceOf } from './prices.js';

class Prices {
  of(article) {
    return priceOf(article);
  }
}
Injectable()(Prices);

class Shop {
  constructor(prices) {
    this.prices = prices;
  }
  price(article) {
    return this.prices.of(article);
  }
}
Inject(Prices)(Shop, undefined, 0);
Controller()(Shop);
const method = Object.getOwnPropertyDescriptor(Shop.prototype, 'price');
Get('/prices/:article')(Shop.prototype, 'price', method);
Param('article')(Shop.prototype, 'price', 0);

class App {}
Module({ controllers: [Shop], providers: [Prices] })(App);

const pool = await createPool({ threads: 1 });
const app = await NestFactory.create(App, { logger: false });
await app.listen(0, '127.0.0.1');
const { port } = app.getHttpServer().address();
for (const article of ['lamp', 'lamp', 'none']) {
  const response = await fetch(`http://127.0.0.1:${port}/prices/${article}`);
  console.log(response.status, JSON.stringify(await response.json()));
}
const error = await priceOf('none').catch((thrown) => thrown);
console.log(error instanceof HttpException, error.getStatus?.(), priceOf.stats().hits);
await app.close();
await pool.close();
