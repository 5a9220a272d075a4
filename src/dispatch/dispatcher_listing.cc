#include "core/text.h"
#include "dispatch/dispatcher_impl.h"

#include <algorithm>

namespace hermetic::dispatch {

namespace {

constexpr std::size_t kMostRows = 1000;
constexpr std::size_t kMostDetails = 200;
constexpr std::size_t kShownRecipients = 20;

// A page whose messages are being read.
struct DetailsRequest final : Pending {
    void abandon() override { answer(std::move(page)); }

    ListAnswer page;
    std::function<void(ListAnswer)> answer;
    std::vector<std::unique_ptr<Then<spool::LoadOperation>>> loads;
    std::size_t pending = 0;
};

struct ShowRequest final : Pending {
    explicit ShowRequest(spool::CompletionPort& port) : load{port} {}
    void abandon() override
    {
        shown.error = stopping_answer().words;
        answer(std::move(shown));
    }
    ShowAnswer shown;
    std::function<void(ShowAnswer)> answer;
    Then<spool::LoadOperation> load;
};

void fill(ListRow& row, const spool::StoredMessage& message)
{
    const auto& recipients = message.envelope->recipients;
    const auto& finished = message.state.finished;
    for (std::uint32_t i = 0; i < recipients.size(); ++i) {
        if (std::binary_search(finished.begin(), finished.end(), i)) continue;
        if (row.recipients.size() == kShownRecipients) break;
        row.recipients.push_back(printable(recipients[i].address.format(), 300));
    }
    row.last_host = printable(message.state.last_host, 300);
    row.last_text = printable(message.state.last_text, 600);
}

void translate(queue::MessageRow& row, const queue::Moment& now)
{
    row.accepted_at = now.to_wall(row.accepted_at);
    row.next_attempt = now.to_wall(row.next_attempt);
}

}  // namespace

std::optional<queue::MessageRow> Dispatcher::Impl::find(const MessageId& id) const
{
    auto row = scheduler_.find(id);
    if (row) translate(*row, moment());
    return row;
}

std::vector<queue::DestinationRow> Dispatcher::Impl::destinations() const
{
    const queue::Moment now = moment();
    auto rows = scheduler_.destinations();
    for (queue::DestinationRow& row : rows) {
        if (row.resting_until) row.resting_until = now.to_wall(*row.resting_until);
        if (row.next_attempt) row.next_attempt = now.to_wall(*row.next_attempt);
    }
    return rows;
}

void Dispatcher::Impl::list(const ListRequest& request,
                            const std::function<void(ListAnswer)>& answer)
{
    const bool details = request.details == ListRequest::Details::Yes && granting_;
    const std::size_t limit = std::min(request.limit, details ? kMostDetails : kMostRows);
    queue::Page page = scheduler_.list(request.filter, limit, request.cursor);
    ListAnswer rows;
    rows.next = page.next;
    for (queue::MessageRow& row : page.rows) {
        translate(row, moment());
        rows.rows.push_back({std::move(row), {}, {}, {}});
    }
    if (!details || rows.rows.empty()) {
        answer(std::move(rows));
        return;
    }
    auto reading = std::make_shared<DetailsRequest>();
    reading->page = std::move(rows);
    reading->answer = answer;
    reading->pending = reading->page.rows.size();
    keep_alive(reading);
    for (std::size_t i = 0; i < reading->page.rows.size(); ++i) {
        auto& load =
            *reading->loads.emplace_back(std::make_unique<Then<spool::LoadOperation>>(*this));
        load.go_on = [this, i, all = reading.get()] {
            if (const auto& message = all->loads[i]->message) fill(all->page.rows[i], *message);
            if (--all->pending > 0) return;
            all->answer(std::move(all->page));
            let_go(all);
        };
        spool_->load(reading->page.rows[i].row.id, load);
    }
}

void Dispatcher::Impl::show(const MessageId& id, const std::function<void(ShowAnswer)>& answer)
{
    ShowAnswer shown;
    shown.row = find(id);
    if (!shown.row) {
        const OperatorAnswer why = unknown_id();
        if (why.kind != OperatorAnswer::Kind::NotFound) shown.error = why.words;
        answer(std::move(shown));
        return;
    }
    if (const auto found = approvals_.find(id); found != approvals_.end())
        shown.approval = found->second;
    auto request = std::make_shared<ShowRequest>(*this);
    request->shown = std::move(shown);
    request->answer = answer;
    keep_alive(request);
    request->load.go_on = [this, all = request.get()] {
        all->shown.message = all->load.message;
        all->shown.error = all->load.error;
        all->answer(std::move(all->shown));
        let_go(all);
    };
    spool_->load(id, request->load);
}

void Dispatcher::Impl::retry(const MessageId& id, const Answer& answer)
{
    const auto row = scheduler_.find(id);
    if (!row) {
        answer(unknown_id());
        return;
    }
    if (!granting_) {
        answer(stopping_answer());
        return;
    }
    switch (row->state) {
    case queue::State::Held:
        answer({OperatorAnswer::Kind::Refused, 0, "It is held. Release it first."});
        return;
    case queue::State::UnderWay:
        answer({OperatorAnswer::Kind::Done, 0, "It is being delivered now."});
        return;
    case queue::State::Reserved:
        answer({OperatorAnswer::Kind::Refused, 0, "A change of it is being recorded. Try again."});
        return;
    case queue::State::Waiting:
    case queue::State::Deferred:
        break;
    }
    (void)scheduler_.retry(id, moment().queue);
    answer({OperatorAnswer::Kind::Done, 1, "It is tried now."});
}

void Dispatcher::Impl::retry(const queue::Filter& filter, const Answer& answer)
{
    if (!granting_) {
        answer(stopping_answer());
        return;
    }
    const std::size_t count = scheduler_.retry(filter, moment().queue);
    answer({OperatorAnswer::Kind::Done, count,
            std::to_string(count) +
                (count == 1 ? " message is tried now." : " messages are tried now.")});
}

}  // namespace hermetic::dispatch
