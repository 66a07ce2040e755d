import java.util.HashMap;
import java.util.Map;

/** What the electors here share: their flags, and JSON lines as tests/live/tools/elector prints them. */
final class Reporter {
    private static final long BELIEF_PERIOD_MS = 20;

    private final Map<String, String> flags = new HashMap<>();
    private boolean leads = false;

    /** Flags: --key=value. */
    Reporter(String[] arguments) {
        for (String argument : arguments) {
            String[] pair = argument.substring(2).split("=", 2);
            flags.put(pair[0], pair.length > 1 ? pair[1] : "true");
        }
        Thread beliefs = new Thread(this::believe);
        beliefs.setDaemon(true);
        beliefs.start();
    }

    String flag(String key) {
        String value = flags.get(key);
        if (value == null) throw new IllegalArgumentException("--" + key + "=... is missing");
        return value;
    }

    boolean is(String key) {
        return "true".equals(flags.get(key));
    }

    synchronized void say(String event) {
        // nanoTime is CLOCK_MONOTONIC; the lab knows how far CLOCK_BOOTTIME is from it.
        long at = System.nanoTime() + Long.parseLong(flag("boottime-offset"));
        System.out.println("{\"at\":" + at + ",\"event\":\"" + event + "\",\"id\":\"" + flag("id") + "\"}");
        if (System.out.checkError()) Runtime.getRuntime().halt(1); // nobody reads any more
    }

    synchronized void started() {
        leads = true;
        say("started");
    }

    synchronized void cancelled() {
        if (leads) say("cancelled");
        leads = false;
    }

    private void believe() {
        while (true) {
            try {
                Thread.sleep(BELIEF_PERIOD_MS);
            } catch (InterruptedException e) {
                return;
            }
            synchronized (this) {
                if (leads) say("belief");
            }
        }
    }
}
