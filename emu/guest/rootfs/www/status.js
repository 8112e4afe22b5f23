const show = (id, text) => { document.getElementById(id).textContent = text; };

const duration = (seconds) => {
	const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60);
	if (hours) return `${hours} h ${minutes % 60} min`;
	return minutes ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
};

const refresh = async () => {
	try {
		const status = await (await fetch("cgi-bin/status")).json();
		for (const id of ["hostname", "address", "kernel", "overlay"]) show(id, status[id]);
		show("uptime", duration(status.uptime_s));
	} catch {
		show("uptime", "no answer");
	}
};

refresh();
setInterval(refresh, 2000);
