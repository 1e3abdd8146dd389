// The viewer's page. Only what is in sight is in the document; all texts are set as text, never as markup.
"use strict";

const HEIGHT = 48; // of an entry, as the style has it
const PAGE = 200; // rows that are asked for at a time
const $ = (id) => document.getElementById(id);
const state = { files: [], total: 0, pages: new Map(), asked: 0, chosen: -1 };

function element(name, text, css) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (css) made.className = css;
  return made;
}

async function ask(path, query) {
  const response = await fetch(`/api/${path}?${new URLSearchParams(query)}`);
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

function wanted() {
  return { file: $("file").value, q: $("search").value, verdict: $("verdict").value, group: $("group").value };
}

function choices(select, counts, all) {
  const options = [new Option(`all ${all.toLocaleString()}`, "")];
  for (const [name, count] of Object.entries(counts)) {
    if (name) options.push(new Option(`${name} ${count.toLocaleString()}`, name));
  }
  select.replaceChildren(...options);
}

function showFile() {
  const file = state.files[$("file").value];
  choices($("verdict"), file.verdict, file.rows);
  choices($("group"), file.group, file.rows);
  return look();
}

// Asks anew; an answer that a later question has overtaken is dropped.
async function look() {
  const turn = ++state.asked;
  const answer = await ask("rows", { ...wanted(), start: 0 });
  if (turn !== state.asked) return;
  state.pages = new Map([[0, answer.rows]]);
  state.total = answer.total;
  state.chosen = -1;
  const file = state.files[$("file").value];
  const broken = file.broken ? `, ${file.broken.toLocaleString()} lines unreadable` : "";
  $("count").textContent = `${answer.total.toLocaleString()} of ${file.rows.toLocaleString()} rows${broken}`;
  $("room").style.height = `${answer.total * HEIGHT}px`;
  $("list").scrollTop = 0;
  draw();
}

async function page(number) {
  if (state.pages.has(number)) return;
  state.pages.set(number, null); // asked for
  const turn = state.asked;
  const answer = await ask("rows", { ...wanted(), start: number * PAGE });
  if (turn !== state.asked) return;
  state.pages.set(number, answer.rows.slice(0, PAGE));
  draw();
}

function at(place) {
  const rows = state.pages.get(Math.floor(place / PAGE));
  return rows ? rows[place % PAGE] : undefined;
}

function draw() {
  const list = $("list");
  const first = Math.max(0, Math.floor(list.scrollTop / HEIGHT) - 5);
  const last = Math.min(state.total, first + Math.ceil(list.clientHeight / HEIGHT) + 10);
  const entries = [];
  for (let place = first; place < last; place++) {
    const row = at(place);
    if (!row) page(Math.floor(place / PAGE)).catch(complain);
    entries.push(entry(place, row));
  }
  $("window").style.top = `${first * HEIGHT}px`;
  $("window").replaceChildren(...entries);
}

function entry(place, row) {
  const made = element("div", undefined, "entry");
  made.id = `entry-${place}`;
  made.setAttribute("role", "option");
  made.setAttribute("aria-selected", String(place === state.chosen));
  made.dataset.place = place;
  if (!row) return made;
  const [, id, , verdict, request, calls] = row;
  const good = verdict === "right" || verdict === "kept";
  const second = element("p", undefined, "soft");
  second.append(element("span", verdict, good ? "good" : "bad"), ` · ${calls || "no call"} · ${id}`);
  made.append(element("p", request || id), second);
  return made;
}

async function choose(place) {
  if (place < 0 || place >= state.total) return;
  await page(Math.floor(place / PAGE));
  state.chosen = place;
  const list = $("list");
  const top = place * HEIGHT;
  if (top < list.scrollTop) list.scrollTop = top;
  if (top + HEIGHT > list.scrollTop + list.clientHeight) list.scrollTop = top + HEIGHT - list.clientHeight;
  draw();
  list.setAttribute("aria-activedescendant", `entry-${place}`);
  const row = at(place);
  if (!row) return;
  const answer = await ask("row", { file: $("file").value, row: row[0] });
  if (state.chosen === place) show(answer);
}

function show(answer) {
  const parts = seen(answer.kind, answer.row);
  if (answer.beside.length) {
    const beside = element("div", undefined, "beside");
    for (const other of answer.beside) {
      const column = element("section");
      column.append(element("h2", other.file), ...seen(other.kind, other.row));
      beside.append(column);
    }
    parts.push(element("h2", "The same id in other files"), beside);
  }
  const raw = element("details");
  raw.append(element("summary", "The whole row"), element("pre", JSON.stringify(answer.row, null, 2)));
  $("row").replaceChildren(...parts, raw);
  $("row").scrollTop = 0;
}

function seen(kind, row) {
  if (kind === "results") return result(row);
  if (kind === "dropped") {
    const inside = row.row && Array.isArray(row.row.messages) ? conversation(row.row) : [];
    const where = [row.reason, row.path, row.detail].filter(Boolean).join(" · ");
    return [element("h2", row.id), element("p", `dropped by ${row.stage}: ${where}`, "bad"), ...inside];
  }
  return conversation(row);
}

function result(row) {
  const verdict = row.correct ? "right" : `wrong: ${row.error} ${row.where || ""}`;
  const parts = [element("h2", row.id), element("p", verdict, row.correct ? "good" : "bad"), element("p", row.request)];
  const shown = { expected: row.gold, "read as": row.predicted, answered: row.text };
  for (const [name, value] of Object.entries(shown)) {
    parts.push(element("p", name, "soft"), element("pre", typeof value === "string" ? value : JSON.stringify(value, null, 1)));
  }
  return parts;
}

function conversation(row) {
  const parts = [element("h2", row.id)];
  for (const issue of row.issues || []) {
    const told = [issue.code, issue.path, issue.expected && `expected ${issue.expected}`, issue.got && `got ${issue.got}`];
    parts.push(element("p", told.filter(Boolean).join(" · "), issue.severity === "error" ? "bad" : "soft"));
  }
  for (const message of row.messages) {
    const turn = element("div", undefined, `turn ${message.role}`);
    turn.append(element("b", message.role));
    if (message.reasoning) turn.append(element("pre", message.reasoning));
    if (message.content) turn.append(element("p", message.content));
    for (const call of message.tool_calls || []) {
      turn.append(element("pre", `${call.name}(${JSON.stringify(call.arguments, null, 1)})`));
    }
    parts.push(turn);
  }
  if (row.preference) {
    parts.push(element("p", `rejected (${row.preference.error_class})`, "bad"));
    parts.push(element("pre", JSON.stringify(row.preference.rejected, null, 1)));
  }
  if (row.tools) {
    const tools = element("details");
    tools.append(element("summary", `${row.tools.length} tools`), element("pre", JSON.stringify(row.tools, null, 1)));
    parts.push(tools);
  }
  return parts;
}

function complain(error) {
  $("count").textContent = String(error);
}

function keys(event) {
  if (event.target.matches("input, select")) {
    if (event.key === "Escape") $("list").focus();
    return;
  }
  const sight = Math.max(1, Math.floor($("list").clientHeight / HEIGHT) - 1);
  const moves = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, PageDown: sight, PageUp: -sight };
  let place;
  if (event.key in moves) place = Math.min(state.total - 1, Math.max(0, state.chosen + moves[event.key]));
  else if (event.key === "Home") place = 0;
  else if (event.key === "End") place = state.total - 1;
  else if (event.key === "/") $("search").focus();
  else return;
  event.preventDefault();
  if (place !== undefined) choose(place).catch(complain);
}

async function begin() {
  state.files = await ask("files", {});
  $("file").replaceChildren(
    ...state.files.map((file, place) => new Option(`${file.name} (${file.rows.toLocaleString()} ${file.kind})`, place)),
  );
  $("file").addEventListener("change", () => showFile().catch(complain));
  for (const name of ["verdict", "group"]) $(name).addEventListener("change", () => look().catch(complain));
  let waiting;
  $("search").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => look().catch(complain), 120);
  });
  $("list").addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
  $("list").addEventListener("click", (event) => {
    const entry = event.target.closest(".entry");
    if (entry) choose(Number(entry.dataset.place)).catch(complain);
  });
  window.addEventListener("resize", draw);
  document.addEventListener("keydown", keys);
  await showFile();
  $("list").focus();
}

begin().catch(complain);
