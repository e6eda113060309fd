/** The page in the browser: listens to the process, and shows each snapshot. */

import type { PageSnapshot } from '../snapshot.ts';
import { showActions } from './actions.ts';
import { byId, setText } from './dom.ts';
import { showFindings } from './findings.ts';
import { showFlights } from './flights.ts';
import { FunctionTable } from './functions.ts';
import { showMemory } from './memory.ts';
import { showSummary } from './summary.ts';
import { ThreadTimeline } from './threads.ts';
import { showTiers } from './tiers.ts';

const RETRY_MS = 3000;

const { page, token } = document.documentElement.dataset;
const action = token === undefined ? undefined : showActions(token);
const functions = new FunctionTable(byId('functions'), action);
const timeline = new ThreadTimeline(byId('threads'));
let wasOurs = false;

function show(snapshot: PageSnapshot): void {
  if (snapshot.page !== page) {
    // The process was started anew, and this page has its old token.
    if (wasOurs) return location.reload();
    return say('Another process answers than the one that has sent this page.', true);
  }
  wasOurs = true;
  const isOver = snapshot.state === 'closed';
  say(isOver ? 'The pool is closed.' : snapshot.state === 'draining' ? 'Draining' : 'Live', isOver);
  showSummary(snapshot);
  showFindings(snapshot.findings);
  functions.show(snapshot.functions);
  showFlights(snapshot);
  timeline.show(snapshot);
  showMemory(snapshot);
  showTiers(snapshot.tiers);
}

function say(text: string, isLost: boolean): void {
  const line = byId('connection');
  setText(line, text);
  line.classList.toggle('lost', isLost);
}

function listen(): void {
  const address = new URL(location.href);
  address.searchParams.set('events', '');
  const events = new EventSource(address);
  events.onmessage = ({ data }) => show(JSON.parse(data));
  events.onerror = () => {
    if (byId('connection').textContent !== 'The pool is closed.')
      say('The connection was lost. Trying again …', true);
    // The browser tries again by itself, unless it was refused.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, RETRY_MS);
  };
}

listen();
