// One thread of the generator: its share of the connections, and the loop that drives them.
#pragma once

#include "load/client_session.h"
#include "load/id_set.h"
#include "load/output.h"
#include "load/poller.h"
#include "load/send_options.h"
#include "load/send_result.h"
#include "load/transport.h"

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace hermetic::load {

// What the threads of a run share. Outlives them.
struct SendRun {
    explicit SendRun(const SendOptions& asked);

    const SendOptions& options;
    ClientSettings settings;
    MessageSource source;
    std::vector<Endpoint> destinations;
    std::vector<Endpoint> sources;
    std::int64_t begun;                         // when the threads start
    std::atomic<std::uint64_t> next_number{0};  // counts from 0, without options.start
    std::atomic<unsigned> next_address{0};
    std::atomic<unsigned> held{0};     // of --idle: sessions that are ready
    std::atomic<unsigned> settled{0};  // of --idle: that became ready or failed to
    std::atomic<bool> stop{false};
    IdSet accepted_ids;
};

class Sender {
public:
    // index: of this thread among options.threads.
    Sender(SendRun& run, unsigned index);
    ~Sender();

    void work();  // until all is sent, or run.stop
    void wake() { poller_.wake(); }
    [[nodiscard]] const SendResult& result() const { return result_; }

private:
    struct Connection;
    enum class Lost { No, Yes };

    void open_some(std::int64_t now);
    void open(Connection& connection);
    void on_event(Connection& connection);
    [[nodiscard]] Lost start_tls(Connection& connection);
    [[nodiscard]] Lost shake_hands(Connection& connection);
    [[nodiscard]] Lost read(Connection& connection);
    [[nodiscard]] Lost take(Connection& connection, std::string_view input);
    [[nodiscard]] Lost on_session(Connection& connection, ClientEvent event, std::int64_t now);
    [[nodiscard]] Lost on_ready(Connection& connection, std::int64_t now);
    [[nodiscard]] Lost quit(Connection& connection);
    [[nodiscard]] Lost flush(Connection& connection);
    void send_content(Connection& connection, std::int64_t now);
    void record(ClientEvent event, const Transaction& transaction, const std::string& why,
                std::int64_t now);
    // False: there is none left.
    [[nodiscard]] bool begin_message(Connection& connection, std::int64_t now);
    [[nodiscard]] bool may_begin(const Connection& connection) const;
    void release_waiting(std::int64_t now);
    void lose(Connection& connection, const std::string& why);
    void close(Connection& connection);
    void drop_unready();
    void replace_slot(Connection& connection, std::vector<std::unique_ptr<Connection>>& keep);
    [[nodiscard]] bool messages_left() const;
    [[nodiscard]] bool finished() const;
    [[nodiscard]] std::int64_t next_send() const;  // by the rate
    [[nodiscard]] std::int64_t next_deadline() const;
    void want(Connection& connection, std::uint32_t events);

    SendRun& run_;
    SendResult result_;
    Poller poller_;
    TlsContext tls_;
    std::vector<SessionPool> pools_;  // one of each destination
    std::vector<char> buffer_;
    std::vector<std::unique_ptr<Connection>> slots_;
    std::vector<std::unique_ptr<Connection>> quitting_;  // of --quit overlap
    std::vector<std::unique_ptr<Connection>> dead_;      // freed when no event names them any more
    std::deque<Connection*> to_open_;
    std::deque<Connection*> waiting_;  // for the rate to allow a message
    unsigned opening_ = 0;
    unsigned open_ = 0;
    std::int64_t open_after_ = 0;
    double rate_ = 0;
    std::uint64_t started_ = 0;
};

}  // namespace hermetic::load
