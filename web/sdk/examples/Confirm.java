// Confirms a payment with Java 17 or newer, without a dependency:
//
//   PAYGATE_SECRET_KEY=… java Confirm.java <orderId> <paymentKey> <amount>
//
// It ends with 0 when the payment is confirmed.

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Pattern;

public class Confirm {
    /** The same payment is being confirmed at this moment: by this call, sent before, or by another. */
    private static final Pattern UNDER_WAY = Pattern.compile("\"(IDEMPOTENCY_KEY_IN_USE|CONFIRM_IN_PROGRESS)\"");

    private final HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(3)).build();
    private final String baseUrl;
    private final String authorization;

    public Confirm(String baseUrl, String secretKey) {
        this.baseUrl = baseUrl;
        this.authorization = "Basic " + Base64.getEncoder().encodeToString((secretKey + ":").getBytes());
    }

    /**
     * Charges the card. The amount is what your shop asks for, never what the address of the page says.
     *
     * @return the last answer: 200 with {@code data}, or an error whose {@code outcome} tells what is known
     *     about the money
     * @throws IOException when no attempt reached the server: the outcome is unknown, send it again later
     */
    public HttpResponse<String> confirm(String paymentKey, String orderId, long amount)
            throws IOException, InterruptedException {
        // Neither an order id nor a payment key holds anything that JSON would have to escape.
        var body = """
            {"paymentKey":"%s","orderId":"%s","amount":%d}""".formatted(paymentKey, orderId, amount);
        var request = HttpRequest.newBuilder(URI.create(baseUrl + "/api/v1/p/merchant/confirm"))
            .timeout(Duration.ofSeconds(15))
            .header("Authorization", authorization)
            .header("Content-Type", "application/json")
            // The same key for the same payment: however often this is sent, it is charged once.
            .header("Idempotency-Key", "confirm-" + paymentKey)
            .POST(BodyPublishers.ofString(body))
            .build();
        for (int attempt = 1; ; attempt++) {
            long wait = 3;
            try {
                var response = http.send(request, BodyHandlers.ofString());
                if (isFinal(response) || attempt == 20) return response;
                wait = seconds(response).orElse(wait);
            } catch (IOException lost) {
                if (attempt == 20) throw lost;
            }
            Thread.sleep(wait * 1000);
        }
    }

    /** Not known yet, or busy: the same call is sent again. Everything else is final. */
    private static boolean isFinal(HttpResponse<String> response) {
        int status = response.statusCode();
        return status < 500 && status != 429 && !UNDER_WAY.matcher(response.body()).find();
    }

    /** How long the server wants to be left alone; what something in front of it writes may be no number. */
    private static Optional<Long> seconds(HttpResponse<String> response) {
        var after = response.headers().firstValue("Retry-After");
        return after.filter(text -> text.matches("[0-9]{1,4}")).map(Long::valueOf);
    }

    public static void main(String[] args) throws Exception {
        var url = System.getenv().getOrDefault("PAYGATE_URL", "http://127.0.0.1:8080");
        var paygate = new Confirm(url, System.getenv("PAYGATE_SECRET_KEY"));
        var answer = paygate.confirm(args[1], args[0], Long.parseLong(args[2]));
        System.out.println(answer.body());
        System.exit(answer.statusCode() == 200 ? 0 : 1);
    }
}
