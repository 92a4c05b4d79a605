// Lists that grow at the end: whoever looks at the end keeps looking at it, whoever scrolled up is left in peace.

const NEAR_PX = 60;
const lists = new WeakMap();

/** Let `scroll` stay at its end while its content or its size changes; go there when it shows something else. */
export function keepAtEnd(scroll, shown) {
  const list = lists.get(scroll) ?? watched(scroll);
  if (list.shown !== shown) Object.assign(list, { shown, isAtEnd: true });
}

function watched(scroll) {
  const list = { shown: null, isAtEnd: true };
  const observer = new ResizeObserver(() => {
    if (list.isAtEnd) scroll.scrollTop = scroll.scrollHeight;
  });
  for (const node of [scroll, ...scroll.children]) observer.observe(node);
  scroll.addEventListener("scroll", () => {
    list.isAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_PX;
  });
  lists.set(scroll, list);
  return list;
}
