#include "acme/https.h"

#include "core/assert.h"
#include "core/read_file.h"
#include "core/text.h"
#include "net/core.h"
#include "net/deadline_wheel.h"

#include <boost/asio/steady_timer.hpp>
#include <curl/curl.h>
#include <openssl/ssl.h>

#include <array>
#include <string_view>
#include <utility>

namespace hermetic::acme {
namespace {

// A transfer takes some ten steps, and there is one at a time.
constexpr std::chrono::milliseconds kStep{20};
constexpr std::size_t kMaxBody = std::size_t{1} << 20U;
constexpr std::size_t kMaxCas = std::size_t{4} << 20U;  // libcurl takes 8 MB at most
constexpr long kConnectSeconds = 30;

using Timer = boost::asio::basic_waitable_timer<
    std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, net::Executor>;

// As the rest of the server finds them (tls/ca_set.cc): $SSL_CERT_FILE and $SSL_CERT_DIR count.
CURLcode believe_system_cas(CURL* /*transfer*/, void* context, void* /*unused*/)
{
    return SSL_CTX_set_default_verify_paths(static_cast<SSL_CTX*>(context)) == 1
               ? CURLE_OK
               : CURLE_SSL_CACERT_BADFILE;
}

// Empty where `file` is. By libcurl it would be opened as it is: a pipe has no end.
Result<std::string, Trouble> read_cas(const std::string& file)
{
    if (file.empty()) return std::string{};
    auto text = read_file(file, kMaxCas);
    if (text && !text->octets.empty()) return std::move(text->octets);
    const std::string what = text ? "it is empty" : text.error().what;
    const std::string expected = text ? "CA certificates as PEM" : text.error().expected;
    return failure(Trouble{Trouble::Kind::Failed, file + ": " + what + "; expected: " + expected});
}

std::size_t take_body(char* data, std::size_t /*one*/, std::size_t size, void* answer)
{
    std::string& body = static_cast<HttpAnswer*>(answer)->body;
    if (body.size() + size > kMaxBody) return 0;  // an error
    body.append(data, size);
    return size;
}

std::size_t take_header(char* data, std::size_t /*one*/, std::size_t size, void* answer)
{
    const std::string_view line{data, size};
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return size;
    const std::string_view name = line.substr(0, colon);
    std::string_view value = line.substr(colon + 1);
    while (value.ends_with('\n') || value.ends_with('\r')) value.remove_suffix(1);
    value = trim(value);
    auto& all = *static_cast<HttpAnswer*>(answer);
    if (iequals(name, "Replay-Nonce")) all.nonce = value;
    if (iequals(name, "Location")) all.location = value;
    if (iequals(name, "Retry-After")) all.retry_after = value;
    return size;
}

}  // namespace

// One request, from its options to its answer. libcurl has pointers into it.
class Https::Transfer {
public:
    // `cas`: what is in the file request.ca; empty: the system's count.
    Transfer(CURLM* multi, HttpRequest request, std::string cas, Duration limit)
        : multi_{multi}, request_{std::move(request)}, cas_{std::move(cas)}, easy_{curl_easy_init()}
    {
        HERMETIC_ASSERT(easy_ != nullptr);
        set(CURLOPT_URL, request_.url.c_str());
        set(CURLOPT_PROTOCOLS_STR, "https");
        set(CURLOPT_USERAGENT, "Hermetic");
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_QUICK_EXIT, 1L);  // a stop waits for no name
        set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
        set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(
                                                      std::max(limit, Duration{1}))
                                                      .count()));
        set(CURLOPT_ERRORBUFFER, words_.data());
        set(CURLOPT_WRITEFUNCTION, &take_body);
        set(CURLOPT_WRITEDATA, &answer_);
        set(CURLOPT_HEADERFUNCTION, &take_header);
        set(CURLOPT_HEADERDATA, &answer_);
        set_cas();
        set_method();
        HERMETIC_ASSERT(curl_multi_add_handle(multi_, easy_) == CURLM_OK);
    }
    ~Transfer()
    {
        curl_multi_remove_handle(multi_, easy_);
        curl_easy_cleanup(easy_);
        curl_slist_free_all(headers_);
    }
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    // Does what can be done without waiting. False: it has ended.
    [[nodiscard]] bool step()
    {
        int running = 0;
        const auto done = curl_multi_perform(multi_, &running);
        if (done == CURLM_OK && running != 0) return true;
        int left = 0;
        const CURLMsg* const message = curl_multi_info_read(multi_, &left);
        ended_ = message != nullptr && message->msg == CURLMSG_DONE ? message->data.result
                                                                    : CURLE_FAILED_INIT;
        return false;
    }

    [[nodiscard]] Result<HttpAnswer, Trouble> result()
    {
        if (ended_ != CURLE_OK) {
            const std::string_view words{words_.data()};
            return failure(
                Trouble{Trouble::Kind::Failed,
                        printable(request_.url) + ": " +
                            printable(words.empty() ? curl_easy_strerror(ended_) : words)});
        }
        long status = 0;
        curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
        answer_.status = static_cast<int>(status);
        return std::move(answer_);
    }

private:
    template <typename Value>
    void set(CURLoption option, Value value)
    {
        HERMETIC_ASSERT(curl_easy_setopt(easy_, option, value) == CURLE_OK);
    }

    void set_cas()
    {
        set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
        set(CURLOPT_CAINFO, static_cast<char*>(nullptr));
        if (request_.ca.empty()) {
            set(CURLOPT_SSL_CTX_FUNCTION, &believe_system_cas);
            return;
        }
        curl_blob blob{cas_.data(), cas_.size(), CURL_BLOB_NOCOPY};
        set(CURLOPT_CAINFO_BLOB, &blob);
    }

    void set_method()
    {
        if (request_.method == HttpRequest::Method::Head) set(CURLOPT_NOBODY, 1L);
        if (request_.method != HttpRequest::Method::Post) return;
        set(CURLOPT_POSTFIELDSIZE, static_cast<long>(request_.body.size()));
        set(CURLOPT_POSTFIELDS, request_.body.c_str());
        headers_ = curl_slist_append(nullptr, "Content-Type: application/jose+json");
        headers_ = curl_slist_append(headers_, "Expect:");
        HERMETIC_ASSERT(headers_ != nullptr);
        set(CURLOPT_HTTPHEADER, headers_);
    }

    CURLM* multi_;
    HttpRequest request_;
    std::string cas_;
    CURL* easy_;
    curl_slist* headers_ = nullptr;
    CURLcode ended_ = CURLE_OK;
    HttpAnswer answer_;
    std::array<char, CURL_ERROR_SIZE> words_{};
};

Https::Https(net::Core& core) : core_{core}
{
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    HERMETIC_ASSERT(ready == CURLE_OK);
    multi_ = curl_multi_init();
    HERMETIC_ASSERT(multi_ != nullptr);
}

Https::~Https()
{
    curl_multi_cleanup(multi_);
}

net::Task<Result<HttpAnswer, Trouble>> Https::exchange(HttpRequest request, Instant deadline)
{
    auto cas = read_cas(request.ca);
    if (!cas) co_return failure(std::move(cas.error()));
    Transfer transfer{multi_, std::move(request), *std::move(cas), deadline - core_.clock().now()};
    Timer timer{core_.executor()};
    while (transfer.step()) {
        timer.expires_after(kStep);
        co_await timer.async_wait(net::kAwait);
        if (core_.wheel().is_cancelled())
            co_return failure(Trouble{Trouble::Kind::Stopping, "the server is stopping"});
    }
    co_return transfer.result();
}

}  // namespace hermetic::acme
