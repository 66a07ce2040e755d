import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfigBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElector;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** fabric8's LeaderElector. */
public final class Elector {
    private static LeaderElector elector(KubernetesClient client, Reporter reporter) {
        String lease = reporter.flag("lease");
        return client.leaderElector().withConfig(new LeaderElectionConfigBuilder()
                .withName(lease)
                .withLock(new LeaseLock("leasehold", lease, reporter.flag("id")))
                .withLeaseDuration(Duration.ofSeconds(15))
                .withRenewDeadline(Duration.ofSeconds(10))
                .withRetryPeriod(Duration.ofSeconds(2))
                .withReleaseOnCancel(reporter.is("release-on-cancel"))
                .withLeaderCallbacks(new LeaderCallbacks(reporter::started, reporter::cancelled, leader -> {}))
                .build()).build();
    }

    public static void main(String[] arguments) throws Exception {
        Reporter reporter = new Reporter(arguments);
        KubernetesClient client = new KubernetesClientBuilder().withConfig(new ConfigBuilder()
                .withMasterUrl(reporter.flag("url"))
                .withCaCertFile(reporter.flag("ca"))
                .withOauthToken(Files.readString(Path.of(reporter.flag("token-file"))).trim())
                .withNamespace("leasehold").build()).build();
        CompletableFuture<?>[] running = new CompletableFuture<?>[1];
        sun.misc.Signal.handle(new sun.misc.Signal("TERM"), signal -> new Thread(() -> {
            running[0].cancel(true);
            try {
                Thread.sleep(3000); // it releases in the background
            } catch (InterruptedException e) {
                // then at once
            }
            Runtime.getRuntime().halt(0);
        }).start());
        do {
            reporter.say("running");
            running[0] = elector(client, reporter).start();
            try {
                running[0].join();
            } catch (RuntimeException e) {
                System.err.println(e);
                if (running[0].isCancelled()) Thread.sleep(10_000);
            }
        } while (reporter.is("again"));
        System.exit(0);
    }
}
