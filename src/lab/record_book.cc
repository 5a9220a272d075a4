#include "lab/record_book.h"

#include <algorithm>

namespace hermetic::lab {
namespace {

template <typename Record>
std::vector<Record> of_partner(const std::deque<Record>& records, std::string_view partner)
{
    std::vector<Record> chosen;
    for (const auto& record : records) {
        if (record.partner == partner) chosen.push_back(record);
    }
    return chosen;
}

template <typename Record>
std::size_t count_of(const std::deque<Record>& records, std::string_view partner)
{
    return static_cast<std::size_t>(std::ranges::count(records, partner, &Record::partner));
}

}  // namespace

RecordBook::RecordBook(Limits limits, const std::filesystem::path& json_lines)
    : limits_{limits}, file_wanted_{!json_lines.empty()}
{
    if (file_wanted_) file_.open(json_lines, std::ios::app);
}

bool RecordBook::is_writing() const
{
    const std::lock_guard lock{mutex_};
    return file_wanted_ && file_.good();
}

std::uint64_t RecordBook::begin_connection(std::string_view partner)
{
    const std::lock_guard lock{mutex_};
    return ++begun_[std::string{partner}];
}

void RecordBook::add(MessageRecord record)
{
    const std::lock_guard lock{mutex_};
    write_line(format_json(record));
    if (kept_octets_ + record.body.size() > limits_.body_octets) {
        record.body = std::string{};
        record.body_kept = false;
    }
    kept_octets_ += record.body.size();
    messages_.push_back(std::move(record));
    if (messages_.size() > limits_.records) {
        kept_octets_ -= messages_.front().body.size();
        messages_.pop_front();
    }
    changed_.notify_all();
}

void RecordBook::add(ConnectionRecord record)
{
    const std::lock_guard lock{mutex_};
    write_line(format_json(record));
    connections_.push_back(std::move(record));
    if (connections_.size() > limits_.records) connections_.pop_front();
    changed_.notify_all();
}

std::vector<MessageRecord> RecordBook::messages(std::string_view partner) const
{
    const std::lock_guard lock{mutex_};
    return of_partner(messages_, partner);
}

std::vector<ConnectionRecord> RecordBook::connections(std::string_view partner) const
{
    const std::lock_guard lock{mutex_};
    return of_partner(connections_, partner);
}

std::uint64_t RecordBook::connections_begun(std::string_view partner) const
{
    const std::lock_guard lock{mutex_};
    const auto found = begun_.find(partner);
    return found == begun_.end() ? 0 : found->second;
}

bool RecordBook::wait_for_messages(std::string_view partner, std::size_t count,
                                   std::chrono::milliseconds at_most) const
{
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, at_most, [&] { return count_of(messages_, partner) >= count; });
}

bool RecordBook::wait_for_connections(std::string_view partner, std::size_t count,
                                      std::chrono::milliseconds at_most) const
{
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, at_most,
                             [&] { return count_of(connections_, partner) >= count; });
}

void RecordBook::clear()
{
    const std::lock_guard lock{mutex_};
    messages_.clear();
    connections_.clear();
    kept_octets_ = 0;
}

void RecordBook::write_line(const std::string& line)
{
    if (!file_wanted_) return;
    file_ << line << '\n';
    file_.flush();  // readers follow the file while the lab runs
}

}  // namespace hermetic::lab
