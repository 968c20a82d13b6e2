// Conditions on rows of the whole table: words, and comparisons such as `value>=0.6` or `backbone=vgg16`.

const RELATIONS = ["!=", ">=", "<=", "=", ">", "<"];

/** Parts of a query; what is in double quotes stays together. */
function parts(text) {
  return [...text.matchAll(/(?:[^\s"]|"[^"]*")+/g)].map(([part]) => part.replaceAll('"', ""));
}

function condition(part, columns) {
  const found = RELATIONS
    .map((sign) => ({ sign, at: part.indexOf(sign) }))
    .filter(({ at }) => at > 0)
    .sort((a, b) => a.at - b.at || b.sign.length - a.sign.length)[0];
  if (!found) return undefined;
  const column = columns.find(({ name }) => name === part.slice(0, found.at));
  return column && { column, sign: found.sign, value: part.slice(found.at + found.sign.length) };
}

function compares(sign, order) {
  return { "=": order === 0, "!=": order !== 0, "<": order < 0, ">": order > 0, "<=": order <= 0, ">=": order >= 0 }[sign];
}

/** Whether a text fits a condition; numbers are compared as numbers. */
function textHolds({ sign, value }, text) {
  const [a, b] = [Number(text), Number(value)];
  const numbers = text.trim() !== "" && value.trim() !== "" && !Number.isNaN(a) && !Number.isNaN(b);
  return compares(sign, numbers ? a - b : text < value ? -1 : Number(text > value));
}

/** A test for rows from a query. Every part must hold; columns are those of the report's table. */
export function rowTest(query, columns) {
  const tests = parts(query).map((part) => {
    const found = condition(part, columns);
    return found ? comparison(found) : anywhere(part.toLowerCase(), columns);
  });
  return (row) => tests.every((test) => test(row));
}

function comparison(found) {
  const { column } = found;
  if (column.kind === "constant") {
    const holds = textHolds(found, column.value);
    return () => holds;
  }
  if (column.kind === "texts") {
    const holding = column.texts.map((text) => textHolds(found, text));
    return (row) => holding[column.codes[row]];
  }
  const value = Number(found.value);
  return (row) => {
    const number = column.values[row];
    return number !== null && !Number.isNaN(value) && compares(found.sign, number - value);
  };
}

/** A word in any column of texts: looked up once in each distinct text, not in each row. */
function anywhere(word, columns) {
  if (columns.some((column) => column.kind === "constant" && column.value.toLowerCase().includes(word))) return () => true;
  const matches = columns
    .filter(({ kind }) => kind === "texts")
    .map(({ texts, codes }) => ({ codes, holding: texts.map((text) => text.toLowerCase().includes(word)) }))
    .filter(({ holding }) => holding.includes(true));
  return (row) => matches.some(({ codes, holding }) => holding[codes[row]]);
}
