#include "dns/resolver.h"

#include "core/text.h"
#include "dns/asker.h"
#include "dns/lookups.h"

#include <algorithm>

namespace hermetic::dns {

namespace {

Question question_for(std::string_view name, int type)
{
    if (name.ends_with('.')) name.remove_suffix(1);
    return {to_lower(name), type};
}

// A question that is under way, and its end: forgotten when this goes.
class Inquiry {
public:
    Inquiry(Lookups& lookups, net::Core& core, Question question, Instant deadline)
        : lookups_{lookups},
          question_{std::move(question)},
          asker_{std::make_shared<Asker>(core, deadline)}
    {
        lookups_.ask(question_, asker_);
    }
    ~Inquiry()
    {
        lookups_.forget(question_, *asker_);
        asker_->leave_wheel();
    }
    Inquiry(const Inquiry&) = delete;
    Inquiry& operator=(const Inquiry&) = delete;

    [[nodiscard]] net::Task<> wait() { return asker_->wait(); }
    [[nodiscard]] const RawAnswer& result() const { return asker_->result(); }

private:
    Lookups& lookups_;
    Question question_;
    std::shared_ptr<Asker> asker_;
};

class UnboundResolver final : public Resolver {
public:
    UnboundResolver(std::unique_ptr<Lookups> lookups, Duration timeout)
        : lookups_{std::move(lookups)}, timeout_{timeout}
    {
    }

    net::Task<facts::MxAnswer> mx(net::Core& core, std::string name, Instant deadline) override
    {
        Inquiry inquiry{*lookups_, core, question_for(name, kTypeMx), limit(core, deadline)};
        co_await inquiry.wait();
        co_return mx_answer(name, inquiry.result());
    }

    net::Task<facts::AddressAnswer> addresses(net::Core& core, std::string name,
                                              Instant deadline) override
    {
        const Instant end = limit(core, deadline);
        Inquiry a{*lookups_, core, question_for(name, kTypeA), end};
        Inquiry aaaa{*lookups_, core, question_for(name, kTypeAaaa), end};
        co_await a.wait();
        co_await aaaa.wait();
        co_return address_answer(name, a.result(), aaaa.result());
    }

    net::Task<facts::TlsaAnswer> tlsa(net::Core& core, std::string name, Instant deadline) override
    {
        Inquiry inquiry{*lookups_, core, question_for(name, kTypeTlsa), limit(core, deadline)};
        co_await inquiry.wait();
        co_return tlsa_answer(name, inquiry.result());
    }

    net::Task<facts::DnsFacts> alias(net::Core& core, std::string name, Instant deadline) override
    {
        Inquiry inquiry{*lookups_, core, question_for(name, kTypeCname), limit(core, deadline)};
        co_await inquiry.wait();
        co_return alias_answer(name, inquiry.result());
    }

    net::Task<facts::TextAnswer> texts(net::Core& core, std::string name, Instant deadline) override
    {
        Inquiry inquiry{*lookups_, core, question_for(name, kTypeTxt), limit(core, deadline)};
        co_await inquiry.wait();
        co_return text_answer(name, inquiry.result());
    }

    net::Task<facts::PointerAnswer> names(net::Core& core, IpAddress address,
                                          Instant deadline) override
    {
        const std::string name = reverse_name(address);
        Inquiry inquiry{*lookups_, core, question_for(name, kTypePtr), limit(core, deadline)};
        co_await inquiry.wait();
        co_return pointer_answer(name, inquiry.result());
    }

    void close() override { lookups_->close(); }

private:
    [[nodiscard]] Instant limit(net::Core& core, Instant deadline) const
    {
        return std::min(deadline, core.clock().now() + timeout_);
    }

    std::unique_ptr<Lookups> lookups_;
    Duration timeout_;
};

}  // namespace

Result<std::unique_ptr<Resolver>, std::string> make_resolver(const ResolverOptions& options)
{
    auto lookups = Lookups::make(options);
    if (!lookups) return failure(std::move(lookups.error()));
    return std::make_unique<UnboundResolver>(std::move(*lookups), options.timeout);
}

}  // namespace hermetic::dns
