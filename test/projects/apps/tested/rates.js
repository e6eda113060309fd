/** Asks a server that tests have not got. */
export async function fetchRate(currency) {
  const response = await fetch(`https://rates.example/${currency}`);
  return (await response.json()).rate;
}
