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
  const tips = new Uint8Array(data.np.length).fill(1);
  for (const parent of data.np) if (parent >= 0) tips[parent] = 0;
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
  // rear, direction and half length of a cell's drawn body, in pixels
  function poseOf(cell, frame, share) {
    const x = px(between("cx", cell, frame, share)), y = py(between("cy", cell, frame, share));
    const rx = px(between("crx", cell, frame, share)), ry = py(between("cry", cell, frame, share));
    const half = Math.max(Math.hypot(x - rx, y - ry), 11 * scale), angle = Math.atan2(y - ry, x - rx);
    return { x, y, half, angle, ax: Math.cos(angle), ay: Math.sin(angle), rx: x - half * Math.cos(angle), ry: y - half * Math.sin(angle) };
  }
  function drawBodies(poses) {
    pen.fillStyle = "rgba(190,207,221,.8)"; pen.strokeStyle = "#6f8799"; pen.lineWidth = Math.max(1, .2 * scale);
    for (const { x, y, half, angle } of poses) {
      pen.save(); pen.translate(x, y); pen.rotate(angle); pen.scale(half, half);
      pen.beginPath(); pen.moveTo(-1, 0);
      pen.bezierCurveTo(-1, -.42, -.7, -.5, -.3, -.5); pen.bezierCurveTo(.1, -.5, .3, -.42, .55, -.46); pen.bezierCurveTo(.9, -.5, 1, -.25, 1, 0);
      pen.bezierCurveTo(1, .25, .9, .5, .55, .46); pen.bezierCurveTo(.3, .42, .1, .5, -.3, .5); pen.bezierCurveTo(-.7, .5, -1, .42, -1, 0);
      pen.restore(); pen.fill(); pen.stroke();
    }
  }
  // where the fibre from a place hangs on the rear of its cell: beside it, not beyond the edge
  function hold(pose, x, y) {
    const aside = (y - pose.ry) * pose.ax - (x - pose.rx) * pose.ay, edge = .42 * pose.half;
    const at = Math.max(-edge, Math.min(edge, aside)), ahead = .3 * pose.half * (1 - Math.sqrt(1 - (at / edge) ** 2)) + .05 * pose.half;
    return [pose.rx + ahead * pose.ax - at * pose.ay, pose.ry + ahead * pose.ay + at * pose.ax];
  }
  function drawFibres(now, poses) {
    const { nx, ny, np, nb, nd, nc } = data, far = 25 * scale;
    const next = (node) => (nd[node] > now && np[node] >= 0 && nb[np[node]] <= now ? np[node] : -1);
    pen.strokeStyle = "#1f2933"; pen.lineWidth = Math.max(.7, .15 * scale); pen.lineJoin = pen.lineCap = "round";
    pen.beginPath();
    for (let node = 0; node < nx.length && nb[node] <= now; node++) {
      if (nd[node] <= now) continue;
      const x = px(nx[node]), y = py(ny[node]), parent = next(node);
      if (x < -far || y < -far || x > canvas.width + far || y > canvas.height + far) continue;
      if (parent < 0) {
        const [hx, hy] = hold(poses[nc[node]], x, y);
        // a fibre that still hangs on its cell is short; a longer one would only show that frames are far apart
        if (Math.hypot(hx - x, hy - y) < far) { pen.moveTo(x, y); pen.lineTo(hx, hy); }
        continue;
      }
      const qx = px(nx[parent]), qy = py(ny[parent]), beyond = next(parent);
      // smooth: from the middle of one stretch to the middle of the next, bent by the node between them
      if (tips[node]) { pen.moveTo(x, y); pen.lineTo((x + qx) / 2, (y + qy) / 2); } else pen.moveTo((x + qx) / 2, (y + qy) / 2);
      if (beyond >= 0) pen.quadraticCurveTo(qx, qy, (qx + px(nx[beyond])) / 2, (qy + py(ny[beyond])) / 2);
      else pen.lineTo(qx, qy);
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
        pen.fillStyle = precursor ? "#fff" : attached ? "rgba(0,114,178,.8)" : "rgba(213,94,0,.8)";
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
    const poses = Array.from({ length: raw.cells }, (_, cell) => poseOf(cell, frame, share));
    drawDots(now); drawBodies(poses); drawFibres(now, poses);
    const count = drawVesicles(frame, share);
    drawBar();
    slider.value = String(minute);
    const hours = Math.floor(minute / 60), rest = Math.round(minute % 60);
    clock.textContent = hours + " h " + String(rest).padStart(2, "0") + " min, " + count + " migrasomes in " + (raw.part ? "these cells" : "the dish");
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
    if (near) setView(raw.view, raw.view[2] * raw.aspect); else setView([0, 0, raw.width], raw.height);
    close.setAttribute("aria-pressed", String(near)); whole.setAttribute("aria-pressed", String(!near));
    draw();
  }
  close.addEventListener("click", () => choose(true));
  whole.addEventListener("click", () => choose(false));
  const wanted = /[#&]minute=(\d+)/.exec(location.hash);
  if (wanted) minute = Math.min(raw.end, Number(wanted[1]));
  choose(!/[#&]whole/.test(location.hash));
})();
