// Visits every page of the site in a frame, and posts what it found to the server that the test runs.
const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

const frame = document.createElement("iframe");
frame.style = "width: 1280px; height: 900px";

const open = async (url) => {
  const loaded = new Promise((done) => frame.addEventListener("load", done, { once: true }));
  frame.src = url;
  await loaded;
  return frame.contentDocument;
};

const until = async (condition, attempts = 150) => {
  for (let i = 0; i < attempts; i++) {
    const found = condition();
    if (found) return found;
    await wait(200);
  }
  return condition();
};

// Every address is asked for once; the ids of a page are what its links may lead to.
const known = new Map();
const ids = (url) => {
  if (!known.has(url)) {
    known.set(url, fetch(url).then(async (answer) => {
      if (!answer.ok) return null;
      const text = await answer.text();
      const page = new DOMParser().parseFromString(text, "text/html");
      return new Set([...page.querySelectorAll("[id]")].map((element) => element.id));
    }));
  }
  return known.get(url);
};

const check = async (url) => {
  const page = await open(url);
  const problems = [];
  for (const image of page.images) {
    image.loading = "eager";
    await image.decode().catch(() => {});
    if (!image.naturalWidth) problems.push(`${url}: no picture ${image.src}`);
  }
  for (const link of page.querySelectorAll("a[href], link[href], script[src]")) {
    const target = new URL(link.href || link.src, url);
    if (target.origin !== location.origin) {
      if (link.tagName !== "A") problems.push(`${url}: asks another host for ${target}`);
      continue;
    }
    const fragment = decodeURIComponent(target.hash.slice(1));
    target.hash = "";
    const found = await ids(target.href);
    if (!found) problems.push(`${url}: broken link ${target}`);
    else if (fragment && !fragment.startsWith("__") && !found.has(fragment)) problems.push(`${url}: no ${target}#${fragment}`);
  }
  return { problems, pictures: page.images.length };
};

const search = async (word) => {
  const page = await open(`/?q=${encodeURIComponent(word)}`);
  const results = () => [...page.querySelectorAll(".md-search-result__item a")].map((link) => link.getAttribute("href"));
  await until(() => results().length);
  return results();
};

(async () => {
  const report = { problems: [], pictures: 0, pages: [], searches: {} };
  try {
    document.body.append(frame);
    const { pages, words } = await (await fetch("/__check__/work.json")).json();
    for (const path of pages) {
      const { problems, pictures } = await check(new URL(path, location.origin).href);
      report.problems.push(...problems);
      report.pictures += pictures;
      report.pages.push(path);
    }
    for (const word of words) report.searches[word] = await search(word);
  } catch (error) {
    report.problems.push(`the check failed: ${error.stack}`);
  }
  await fetch("/__check__/report", { method: "POST", body: JSON.stringify(report) });
})();
