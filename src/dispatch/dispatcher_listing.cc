#include "core/quote.h"
#include "core/text.h"
#include "dispatch/dispatcher_impl.h"
#include "events/publisher.h"
#include "report/notice.h"

#include <algorithm>

namespace hermetic::dispatch {

namespace {

constexpr std::size_t kMostRows = 1000;
constexpr std::size_t kMostDetails = 200;
constexpr std::size_t kShownRecipients = 20;
constexpr std::size_t kViewedHeader = 64U << 10;
constexpr std::size_t kViewedMessage = 256U << 10;

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
    row.last_text = printable_once(message.state.last_text, 600);
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
        const std::string label = routing::label_of_key(row.route->label, first_organization());
        if (label != row.route->label) {
            auto route = std::make_shared<routing::Route>(*row.route);
            route->label = label;
            row.route = std::move(route);
        }
        if (row.back_off_until) row.back_off_until = now.to_wall(*row.back_off_until);
        if (row.next_attempt) row.next_attempt = now.to_wall(*row.next_attempt);
    }
    return rows;
}

void Dispatcher::Impl::list(const ListRequest& request,
                            const std::function<void(ListAnswer)>& answer)
{
    tasks_.spawn(add_rows(request, answer));
}

net::Task<> Dispatcher::Impl::add_rows(ListRequest request, std::function<void(ListAnswer)> answer)
{
    const bool details = request.details == ListRequest::Details::Yes && granting_;
    const std::size_t limit = std::min(request.limit, details ? kMostDetails : kMostRows);
    ListAnswer page;
    std::function<void(const MessageId&)> use = [this, &page](const MessageId& id) {
        page.rows.push_back({*find(id), {}, {}, {}});
    };
    queue::Selection selection = in_queue_time(std::move(request.selection));
    const FoundAll all =
        co_await find_all(std::move(selection), request.cursor, limit, std::move(use));
    page.next = all.next;
    page.unread = all.unread;
    for (std::size_t i = 0; details && i < page.rows.size(); ++i) {
        const auto message = co_await load(page.rows[i].row.id);
        if (message) fill(page.rows[i], **message);
    }
    answer(std::move(page));
}

void Dispatcher::Impl::show(const MessageId& id, const std::function<void(ShowAnswer)>& answer)
{
    ShowAnswer shown;
    shown.row = find(id);
    if (!shown.row) {
        const OperatorAnswer why = answer_unknown(facts_of(id).reading);
        if (why.kind != OperatorAnswer::Kind::NotFound) shown.error = why.words;
        answer(std::move(shown));
        return;
    }
    if (const auto found = approvals_.find(id); found != approvals_.end())
        shown.approval = found->second;
    tasks_.spawn(add_message(std::move(shown), answer));
}

net::Task<> Dispatcher::Impl::add_message(ShowAnswer shown, std::function<void(ShowAnswer)> answer)
{
    auto message = co_await load(shown.row->id);
    if (message) {
        shown.message = *std::move(message);
    } else {
        shown.error = std::move(message.error());
    }
    answer(std::move(shown));
}

void Dispatcher::Impl::view(const MessageId& id, ViewPart part, const events::Actor& by,
                            const std::function<void(ViewAnswer)>& answer)
{
    if (scheduler_.find(id)) {
        tasks_.spawn(add_text(part, id, by, answer));
        return;
    }
    const OperatorAnswer why = answer_unknown(facts_of(id).reading);
    ViewAnswer none;
    none.kind = why.kind;
    none.words = why.words;
    answer(std::move(none));
}

net::Task<> Dispatcher::Impl::add_text(ViewPart part, MessageId id, events::Actor by,
                                       std::function<void(ViewAnswer)> answer)
{
    ViewAnswer shown;
    const auto message = co_await load(id);
    std::string text;
    const std::size_t most = part == ViewPart::Header ? kViewedHeader : kViewedMessage;
    if (message) text = co_await read_beginning((*message)->body, most);
    if (!message || (text.empty() && (*message)->body.size > 0)) {
        OperatorAnswer why = unread(message ? "its body cannot be read" : message.error());
        shown.kind = why.kind;
        shown.words = std::move(why.words);
        answer(std::move(shown));
        co_return;
    }
    const std::size_t header = report::header_of(text).size();
    shown.header = text.substr(0, header);
    if (part == ViewPart::Message) shown.body = text.substr(header);
    shown.size = (*message)->body.size;
    shown.whole = part == ViewPart::Header ? header < text.size() || text.size() == shown.size
                                           : text.size() == shown.size;
    events::QueueOperation operation;
    operation.kind = events::QueueOperation::Kind::View;
    operation.by = std::move(by);
    operation.id = id;
    operation.accepted_as = (*message)->envelope->accepted_as;
    operation.part = part == ViewPart::Header ? "header" : "message";
    publisher_.publish(std::move(operation));
    publisher_.flush();
    answer(std::move(shown));
}

}  // namespace hermetic::dispatch
