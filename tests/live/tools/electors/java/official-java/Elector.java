import io.kubernetes.client.extended.leaderelection.LeaderElectionConfig;
import io.kubernetes.client.extended.leaderelection.LeaderElector;
import io.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import io.kubernetes.client.openapi.ApiClient;
import io.kubernetes.client.util.ClientBuilder;
import io.kubernetes.client.util.credentials.AccessTokenAuthentication;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** LeaderElector of Kubernetes' official client for Java; its close() releases. */
public final class Elector {
    public static void main(String[] arguments) throws Exception {
        Reporter reporter = new Reporter(arguments);
        ApiClient client = new ClientBuilder()
                .setBasePath(reporter.flag("url"))
                .setCertificateAuthority(Files.readAllBytes(Path.of(reporter.flag("ca"))))
                .setAuthentication(new AccessTokenAuthentication(
                        Files.readString(Path.of(reporter.flag("token-file"))).trim()))
                .build();
        LeaderElector[] running = new LeaderElector[1];
        sun.misc.Signal.handle(new sun.misc.Signal("TERM"), signal -> new Thread(() -> {
            if (reporter.is("release-on-cancel")) running[0].close();
            Runtime.getRuntime().halt(0);
        }).start());
        do {
            reporter.say("running");
            LeaseLock lock = new LeaseLock("leasehold", reporter.flag("lease"), reporter.flag("id"), client);
            running[0] = new LeaderElector(
                    new LeaderElectionConfig(lock, Duration.ofSeconds(15), Duration.ofSeconds(10), Duration.ofSeconds(2)),
                    error -> System.err.println(error));
            running[0].run(reporter::started, reporter::cancelled, leader -> reporter.say("newleader"));
        } while (reporter.is("again"));
        System.exit(0);
    }
}
