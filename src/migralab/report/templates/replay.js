"use strict";
(function () {
  const raw = JSON.parse(document.getElementById("replay-data").textContent);
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
  const u16 = (key) => new Uint16Array(bytes(raw[key]));
  const data = {};
  for (const key of ["cx", "cy", "crx", "cry", "nx", "ny", "nc", "nb", "nd", "bx", "by", "bb", "vx", "vy", "vd", "vf", "va"]) data[key] = u16(key);
  data.np = new Int32Array(bytes(raw.np));
  data.vn = new Uint32Array(bytes(raw.vn));
  const um = raw.side / 65535, frames = raw.frames, last = frames.length - 1, NEVER = 65535;
  const canvas = document.getElementById("replay-canvas"), pen = canvas.getContext("2d");
  const slider = document.getElementById("replay-time"), clock = document.getElementById("replay-clock");
  const play = document.getElementById("replay-play"), close = document.getElementById("replay-close"), whole = document.getElementById("replay-whole");
  // rows of one vesicle follow each other: where each vesicle begins
  const begins = [];
  for (let row = 0; row < data.vn.length; row++) if (row === 0 || data.vn[row] !== data.vn[row - 1]) begins.push(row);
  begins.push(data.vn.length);
  let minute = raw.end, playing = false, view, scale;

  function setView(field, height) {
    view = field;
    canvas.width = 1500;
    canvas.height = Math.round(1500 * height / field[2]);
    scale = canvas.width / field[2];
  }
  const px = (value) => (value * um - view[0]) * scale, py = (value) => (value * um - view[1]) * scale;

  // where a cell is between two frames: a straight line
  function between(column, cell, frame, share) {
    const at = cell * frames.length + frame, next = frame < last ? at + 1 : at;
    return data[column][at] * (1 - share) + data[column][next] * share;
  }
  function frameAt(time) {
    let frame = 0;
    while (frame < last && frames[frame + 1] <= time) frame++;
    const length = frame < last ? frames[frame + 1] - frames[frame] : 1;
    return [frame, frame < last ? (time - frames[frame]) / length : 0];
  }
  function drawBodies(frame, share) {
    pen.fillStyle = "rgba(160,184,204,.55)"; pen.strokeStyle = "#6f8799"; pen.lineWidth = Math.max(1, .25 * scale);
    for (let cell = 0; cell < raw.cells; cell++) {
      const x = px(between("cx", cell, frame, share)), y = py(between("cy", cell, frame, share));
      const rx = px(between("crx", cell, frame, share)), ry = py(between("cry", cell, frame, share));
      const angle = Math.atan2(y - ry, x - rx), half = Math.max(Math.hypot(x - rx, y - ry), 6 * scale);
      pen.save(); pen.translate(x, y); pen.rotate(angle);
      pen.beginPath();
      pen.moveTo(-half, 0);
      pen.bezierCurveTo(-half * .55, -half * .1, -half * .35, -half * .52, half * .25, -half * .55);
      pen.bezierCurveTo(half * 1.15, -half * .58, half * 1.15, half * .58, half * .25, half * .55);
      pen.bezierCurveTo(-half * .35, half * .52, -half * .55, half * .1, -half, 0);
      pen.fill(); pen.stroke(); pen.restore();
    }
  }
  function drawFibres(now, frame, share) {
    const { nx, ny, np, nb, nd, nc } = data;
    pen.strokeStyle = "#1f2933"; pen.lineWidth = Math.max(.7, .16 * scale); pen.lineJoin = pen.lineCap = "round";
    pen.beginPath();
    for (let node = 0; node < nx.length && nb[node] <= now; node++) {
      if (nd[node] <= now) continue;
      let x, y; const next = np[node];
      if (next >= 0 && nb[next] <= now) { x = px(nx[next]); y = py(ny[next]); }
      else { x = px(between("crx", nc[node], frame, share)); y = py(between("cry", nc[node], frame, share)); }
      const x0 = px(nx[node]), y0 = py(ny[node]);
      // a fibre that still hangs on its cell is short; a longer one would only show that frames are far apart
      if (next < 0 || nb[next] > now) { if (Math.hypot(x - x0, y - y0) > 22 * scale) continue; }
      pen.moveTo(x0, y0); pen.lineTo(x, y);
    }
    pen.stroke();
  }
  function drawDots(now) {
    pen.fillStyle = "#8a6d3b";
    const size = Math.max(1.2, .28 * scale);
    for (let dot = 0; dot < data.bx.length; dot++) if (data.bb[dot] <= now) pen.fillRect(px(data.bx[dot]) - size / 2, py(data.by[dot]) - size / 2, size, size);
  }
  function drawVesicles(frame, share) {
    let count = 0;
    const swell = scale < 3 ? 3 : 1;
    pen.lineWidth = Math.max(1.2, .18 * scale);
    for (let v = 0; v + 1 < begins.length; v++) {
      for (let row = begins[v]; row < begins[v + 1] && data.vf[row] <= frame; row++) {
        if (data.vf[row] !== frame) continue;
        const again = row + 1 < begins[v + 1] && data.vf[row + 1] === frame + 1;
        const diameter = (data.vd[row] + (again ? share * (data.vd[row + 1] - data.vd[row]) : 0)) * .001;
        const attached = data.va[row] & 1, precursor = data.va[row] & 2;
        pen.beginPath(); pen.arc(px(data.vx[row]), py(data.vy[row]), Math.max(1.5, diameter / 2 * scale * swell), 0, 7);
        pen.strokeStyle = attached ? "#0072b2" : "#d55e00";
        pen.fillStyle = precursor ? "#fff" : attached ? "rgba(0,114,178,.35)" : "rgba(213,94,0,.35)";
        pen.fill(); pen.stroke();
        if (!precursor) count++;
      }
    }
    return count;
  }
  function drawBar() {
    const lengths = [5, 10, 20, 50, 100, 200, 500], length = lengths.filter((one) => one <= view[2] / 5).pop() || 5;
    const right = canvas.width - 30, bottom = canvas.height - 28;
    pen.fillStyle = "#1f2933"; pen.fillRect(right - length * scale, bottom, length * scale, 6);
    pen.font = "26px system-ui, sans-serif"; pen.textAlign = "center"; pen.fillText(length + " µm", right - length * scale / 2, bottom - 10);
  }
  function draw() {
    const now = Math.min(65534, Math.round(minute / raw.end * 65534)), [frame, share] = frameAt(minute);
    pen.fillStyle = "#fff"; pen.fillRect(0, 0, canvas.width, canvas.height);
    drawDots(now); drawFibres(now, frame, share); drawBodies(frame, share);
    const count = drawVesicles(frame, share);
    drawBar();
    slider.value = String(minute);
    const hours = Math.floor(minute / 60), rest = Math.round(minute % 60);
    clock.textContent = hours + " h " + String(rest).padStart(2, "0") + " min, " + count + " migrasomes" + (raw.part ? "" : " in the dish");
  }
  let before = 0;
  function step(stamp) {
    if (!playing) return;
    const passed = before ? Math.min(stamp - before, 100) : 0; before = stamp;
    minute += passed / 1000 * raw.end / 24;  // the whole run in 24 s
    if (minute >= raw.end) { minute = raw.end; stop(); }
    draw();
    if (playing) requestAnimationFrame(step);
  }
  function stop() { playing = false; play.textContent = "Play"; play.setAttribute("aria-pressed", "false"); }
  play.addEventListener("click", function () {
    if (playing) { stop(); return; }
    if (minute >= raw.end) minute = 0;
    playing = true; before = 0; play.textContent = "Pause"; play.setAttribute("aria-pressed", "true");
    requestAnimationFrame(step);
  });
  slider.max = String(raw.end); slider.step = String(raw.end / 720);
  slider.addEventListener("input", function () { minute = Number(slider.value); draw(); });
  function choose(near) {
    if (near) setView(raw.view, raw.view[2] * .68); else setView([0, 0, raw.width], raw.height);
    close.setAttribute("aria-pressed", String(near)); whole.setAttribute("aria-pressed", String(!near));
    draw();
  }
  close.addEventListener("click", () => choose(true));
  whole.addEventListener("click", () => choose(false));
  const wanted = /[#&]minute=(\d+)/.exec(location.hash);
  if (wanted) minute = Math.min(raw.end, Number(wanted[1]));
  choose(!/[#&]whole/.test(location.hash));
})();
