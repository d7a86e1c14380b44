// Confirms a payment with Kotlin on Java 17 or newer, without a dependency:
//
//   kotlinc confirm.kt -include-runtime -d confirm.jar
//   PAYGATE_SECRET_KEY=… java -jar confirm.jar <orderId> <paymentKey> <amount>
//
// It ends with 0 when the payment is confirmed.

import java.io.IOException
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse
import java.net.http.HttpResponse.BodyHandlers
import java.time.Duration
import java.util.Base64
import kotlin.system.exitProcess

class Paygate(private val baseUrl: String, secretKey: String) {
    private val http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(3)).build()
    private val authorization = "Basic " + Base64.getEncoder().encodeToString("$secretKey:".toByteArray())

    /** The same payment is being confirmed at this moment: by this call, sent before, or by another. */
    private val underWay = Regex("\"(IDEMPOTENCY_KEY_IN_USE|CONFIRM_IN_PROGRESS)\"")

    /**
     * Charges the card. The amount is what your shop asks for, never what the address of the page says.
     *
     * Returns the last answer: 200 with `data`, or an error whose `outcome` tells what is known about the
     * money. Throws an IOException when no attempt reached the server: the outcome is unknown, send it again later.
     */
    fun confirm(paymentKey: String, orderId: String, amount: Long): HttpResponse<String> {
        val request = HttpRequest.newBuilder(URI.create("$baseUrl/api/v1/p/merchant/confirm"))
            .timeout(Duration.ofSeconds(15))
            .header("Authorization", authorization)
            .header("Content-Type", "application/json")
            // The same key for the same payment: however often this is sent, it is charged once.
            .header("Idempotency-Key", "confirm-$paymentKey")
            // Neither an order id nor a payment key holds anything that JSON would have to escape.
            .POST(BodyPublishers.ofString("""{"paymentKey":"$paymentKey","orderId":"$orderId","amount":$amount}"""))
            .build()
        var attempt = 1
        while (true) {
            var wait = 3L
            try {
                val response = http.send(request, BodyHandlers.ofString())
                if (isFinal(response) || attempt == 20) return response
                wait = seconds(response) ?: wait
            } catch (lost: IOException) {
                if (attempt == 20) throw lost
            }
            Thread.sleep(wait * 1000)
            attempt += 1
        }
    }

    /** Not known yet, or busy: the same call is sent again. Everything else is final. */
    private fun isFinal(response: HttpResponse<String>): Boolean {
        val status = response.statusCode()
        return status < 500 && status != 429 && !underWay.containsMatchIn(response.body())
    }

    /** How long the server wants to be left alone; what something in front of it writes may be no number. */
    private fun seconds(response: HttpResponse<String>): Long? =
        response.headers().firstValue("Retry-After").orElse("").takeIf { it.length <= 4 }?.toLongOrNull()
}

fun main(args: Array<String>) {
    val url = System.getenv("PAYGATE_URL") ?: "http://127.0.0.1:8080"
    val paygate = Paygate(url, System.getenv("PAYGATE_SECRET_KEY"))
    val answer = paygate.confirm(paymentKey = args[1], orderId = args[0], amount = args[2].toLong())
    println(answer.body())
    exitProcess(if (answer.statusCode() == 200) 0 else 1)
}
