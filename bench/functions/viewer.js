/** A viewer of the page, in a process of its own: it reads the events, and says so after the first. */
const response = await fetch(`${process.argv[2]}?events`);
let seen = 0;
for await (const _ of response.body ?? []) if (seen++ === 0) process.send?.('sees it');
