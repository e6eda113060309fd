/** The function that `first-answer.js` calls. @param {number} n */
export default (n) => n + 1;
