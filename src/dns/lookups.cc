#include "dns/lookups.h"

#include "core/ip.h"
#include "core/read_file.h"
#include "core/thread_name.h"
#include "dns/asker.h"

#include <fmt/format.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <poll.h>
#include <unbound.h>
#include <unistd.h>

namespace hermetic::dns {

namespace {

constexpr int kClassIn = 1;
constexpr std::size_t kMaxAnchors = std::size_t{1} << 20U;

struct DeleteContext {
    void operator()(ub_ctx* context) const { ub_ctx_delete(context); }
};
using ContextPointer = std::unique_ptr<ub_ctx, DeleteContext>;

std::string set(ub_ctx* context, const char* option, const char* value)
{
    const int error = ub_ctx_set_option(context, option, value);
    return error == 0 ? std::string{} : fmt::format("{} {}", option, ub_strerror(error));
}

// For a server that asks about many domains at once; libunbound's own sizes are for one program's
// few questions.
std::string set_sizes(ub_ctx* context)
{
    constexpr std::pair<const char*, const char*> kSizes[] = {
        {"outgoing-range:", "512"},         {"num-queries-per-thread:", "2048"},
        {"outgoing-num-tcp:", "32"},        {"msg-cache-size:", "8m"},
        {"rrset-cache-size:", "16m"},       {"key-cache-size:", "4m"},
        {"val-bogus-ttl:", "30"},           {"cache-max-negative-ttl:", "900"},
        {"infra-cache-numhosts:", "20000"}, {"infra-keep-probing:", "yes"},
    };
    for (const auto& [option, value] : kSizes) {
        if (auto error = set(context, option, value); !error.empty()) return error;
    }
    return {};
}

std::string set_forward(ub_ctx* context, const std::vector<std::string>& forward)
{
    for (const std::string& text : forward) {
        const auto endpoint = Endpoint::parse(text);
        if (!endpoint) return fmt::format("resolver.forward \"{}\": not an address and port", text);
        const std::string target = fmt::format("{}@{}", endpoint->address.format(), endpoint->port);
        if (const int error = ub_ctx_set_fwd(context, target.c_str()); error != 0) {
            return fmt::format("resolver.forward \"{}\": {}", text, ub_strerror(error));
        }
    }
    if (forward.empty()) return {};
    return set(context, "do-not-query-localhost:", "no");
}

// libunbound reads the anchors only at its end, and says no more than this of them.
std::string describe_end(int error, const ResolverOptions& options)
{
    if (error == 0) return {};
    if (error != UB_INITFAIL) return ub_strerror(error);
    const std::string cause = options.trust_anchors.empty()
                                  ? fmt::format("root_anchor_file ({})", options.root_anchor_file)
                                  : std::string{"trust_anchors"};
    return fmt::format("{}; expected: records that libunbound can use in {}", ub_strerror(error),
                       cause);
}

// Ends the configuration: from here on libunbound has read all of it, and says what is wrong.
std::string finish(ub_ctx* context, const ResolverOptions& options)
{
    if (const int error = ub_ctx_async(context, 1); error != 0) return describe_end(error, options);
    if (options.forward.empty()) {
        // Does nothing but make it read its configuration now.
        return describe_end(ub_ctx_zone_remove(context, "nothing.invalid."), options);
    }
    // Whoever forwards may have zones of their own below names that libunbound answers itself
    // otherwise (RFC 6761 §6.2, RFC 8375).
    for (const char* zone : {"test.", "home.arpa."}) {
        if (const int error = ub_ctx_zone_add(context, zone, "transparent"); error != 0) {
            return describe_end(error, options);
        }
    }
    return {};
}

std::string set_anchors(ub_ctx* context, const ResolverOptions& options)
{
    for (const std::string& anchor : options.trust_anchors) {
        if (const int error = ub_ctx_add_ta(context, anchor.c_str()); error != 0) {
            return fmt::format("resolver.trust_anchors \"{}\": {}", anchor, ub_strerror(error));
        }
    }
    if (!options.trust_anchors.empty() || options.root_anchor_file.empty()) return {};
    // Without the file nothing is secure; the caller says so to the operator.
    // Looked at before: libunbound opens it as it is, and would wait for the writer of a pipe.
    const auto anchors = read_file(options.root_anchor_file, kMaxAnchors);
    using Kind = FileError::Kind;
    const bool missing = !anchors && (anchors.error().kind == Kind::Missing ||
                                      anchors.error().kind == Kind::Unreadable);
    if (missing) return {};
    if (!anchors)
        return fmt::format("{}: {}; expected: {}", options.root_anchor_file, anchors.error().what,
                           anchors.error().expected);
    const int error = ub_ctx_add_ta_file(context, options.root_anchor_file.c_str());
    if (error == 0) return {};
    return fmt::format("{}: {}", options.root_anchor_file, ub_strerror(error));
}

std::string text_of(const char* text)
{
    return text != nullptr ? text : "";
}

std::shared_ptr<const RawAnswer> take_answer(int error, const ub_result* result)
{
    auto answer = std::make_shared<RawAnswer>();
    if (error != 0 || result == nullptr) {
        answer->trouble = error != 0 ? ub_strerror(error) : "no answer";
        return answer;
    }
    answer->rcode = result->rcode;
    answer->have_data = result->havedata != 0;
    answer->nxdomain = result->nxdomain != 0;
    answer->secure = result->secure != 0;
    answer->bogus = result->bogus != 0;
    answer->why_bogus = text_of(result->why_bogus);
    answer->canonical_name = text_of(result->canonname);
    answer->time_to_live = std::chrono::seconds{std::max(result->ttl, 0)};
    if (answer->bogus || !answer->have_data) return answer;
    for (int i = 0; result->data[i] != nullptr; ++i) {
        answer->data.emplace_back(result->data[i], static_cast<std::size_t>(result->len[i]));
    }
    return answer;
}

}  // namespace

// What comes back with an answer. A number, not a pointer: an answer that crosses a cancellation
// finds nothing.
struct Lookups::CallbackArgument {
    Lookups& lookups;
    std::uint64_t number;
};

Lookups::Lookups(ub_ctx* context) : context_{context}, wake_{::eventfd(0, EFD_CLOEXEC)}
{
    thread_ = std::thread{[this] {
        name_this_thread("dns");
        // Signals are the main thread's.
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, nullptr);
        run();
    }};
}

Lookups::~Lookups()
{
    close();
}

Result<std::unique_ptr<Lookups>, std::string> Lookups::make(const ResolverOptions& options)
{
    // libunbound's thread inherits the mask of the one that makes it.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    ContextPointer context{ub_ctx_create()};
    std::string error = context == nullptr ? std::string{"the resolver cannot be made"} : "";
    if (error.empty()) {
        ub_ctx_debugout(context.get(), nullptr);  // it logs to stderr otherwise
        error = set_sizes(context.get());
    }
    if (error.empty()) error = set_forward(context.get(), options.forward);
    if (error.empty()) error = set_anchors(context.get(), options);
    if (error.empty()) error = finish(context.get(), options);
    std::unique_ptr<Lookups> made;
    if (error.empty()) made.reset(new Lookups{context.release()});
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (made == nullptr) return failure(std::move(error));
    return made;
}

void Lookups::run()
{
    pollfd waiting[2] = {{ub_fd(context_), POLLIN, 0}, {wake_, POLLIN, 0}};
    for (;;) {
        if (::poll(waiting, 2, -1) < 0 && errno != EINTR) return;
        if (waiting[1].revents != 0) return;
        if (waiting[0].revents != 0) ub_process(context_);
    }
}

void Lookups::ask(const Question& question, const std::shared_ptr<Asker>& asker)
{
    const auto refuse = [&](std::string why) {
        auto answer = std::make_shared<RawAnswer>();
        answer->trouble = std::move(why);
        deliver({asker}, std::move(answer));
    };
    const std::lock_guard lock{mutex_};
    if (closed_) return refuse("the server is stopping");
    if (const auto found = pending_.find(question); found != pending_.end()) {
        found->second.askers.push_back(asker);
        return;
    }
    if (pending_.size() >= kMaxPending) return refuse("too many queries at once");

    const std::uint64_t number = next_number_++;
    auto argument = std::make_unique<CallbackArgument>(CallbackArgument{*this, number});
    int async_id = 0;
    const int error = ub_resolve_async(
        context_, question.name.empty() ? "." : question.name.c_str(), question.type, kClassIn,
        argument.get(),
        [](void* opaque, int failed, ub_result* result) {
            const auto* self = static_cast<const CallbackArgument*>(opaque);
            self->lookups.on_result(self->number, failed, result);
        },
        &async_id);
    if (error != 0) return refuse(ub_strerror(error));
    arguments_.emplace(number, std::move(argument));
    ++asked_;
    by_number_.emplace(number, question);
    pending_.emplace(question, Pending{number, async_id, {asker}});
}

void Lookups::on_result(std::uint64_t number, int error, ub_result* result)
{
    Answer answer = take_answer(error, result);
    if (result != nullptr) ub_resolve_free(result);
    std::vector<std::shared_ptr<Asker>> askers;
    {
        const std::lock_guard lock{mutex_};
        arguments_.erase(number);
        const auto question = by_number_.find(number);
        if (question == by_number_.end()) return;  // everybody has gone meanwhile
        const auto found = pending_.find(question->second);
        askers = std::move(found->second.askers);
        pending_.erase(found);
        by_number_.erase(question);
    }
    deliver(std::move(askers), std::move(answer));
}

void Lookups::deliver(std::vector<std::shared_ptr<Asker>> askers, Answer answer)
{
    for (auto& asker : askers) {
        net::Core& core = asker->core();
        core.post([asker = std::move(asker), answer] { asker->answer(answer); });
    }
}

void Lookups::forget(const Question& question, const Asker& asker)
{
    const std::lock_guard lock{mutex_};
    const auto found = pending_.find(question);
    if (found == pending_.end()) return;
    auto& askers = found->second.askers;
    std::erase_if(askers, [&](const auto& one) { return one.get() == &asker; });
    if (!askers.empty()) return;
    // Whether the answer is on its way already or not: its number is known to nobody.
    if (ub_cancel(context_, found->second.async_id) == 0) arguments_.erase(found->second.number);
    by_number_.erase(found->second.number);
    pending_.erase(found);
}

void Lookups::close()
{
    {
        const std::lock_guard lock{mutex_};
        if (closed_) return;
        closed_ = true;
    }
    const std::uint64_t one = 1;
    while (::write(wake_, &one, sizeof one) < 0 && errno == EINTR) {
    }
    thread_.join();
    ub_ctx_delete(context_);  // ends libunbound's thread; what it still had to say is not said
    ::close(wake_);
    std::vector<std::shared_ptr<Asker>> askers;
    for (auto& [question, pending] : pending_) {
        for (auto& asker : pending.askers) askers.push_back(std::move(asker));
    }
    pending_.clear();
    by_number_.clear();
    arguments_.clear();
    auto answer = std::make_shared<RawAnswer>();
    answer->trouble = "the server is stopping";
    deliver(std::move(askers), std::move(answer));
}

}  // namespace hermetic::dns
