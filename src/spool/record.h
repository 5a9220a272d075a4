// The spool's records: envelope and message state as octets, and back. Pure.
//
// The grammar is docs/formats/spool.md. Parsing is defensive: what a damaged disk or a newer
// program left gives an error to show to people, never a crash; parse(append(x)) == x.
#pragma once

#include "core/ids.h"
#include "core/result.h"
#include "mail/envelope.h"
#include "spool/spool.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace hermetic::spool {

// Records that need nothing of a version are written as the one before, which a program from before
// reads too. Envelope, version 2: what the message itself asks of TLS. State, version 2: since when
// TLS fails; 3: an approval too; 4 and 5: any of these and of those of docs/formats/spool.md, by
// flags.
inline constexpr std::uint8_t kEnvelopeRecordVersion = 2;
inline constexpr std::uint8_t kStateRecordVersion = 5;

// The head of every envelope record, in the same place in every version: a program that cannot read
// the rest still knows which body must be kept.
struct BodyReference {
    BodyId id;
    std::uint64_t size = 0;
    bool in_file = false;

    bool operator==(const BodyReference&) const = default;
};

struct EnvelopeRecord {
    BodyReference body;
    mail::Envelope envelope;

    bool operator==(const EnvelopeRecord&) const = default;
};

enum class RecordError : std::uint8_t {
    Truncated,       // ends within a field
    NewerVersion,    // written by a newer program
    BadField,        // a field holds what no version wrote there
    TrailingOctets,  // goes on after its last field
};

[[nodiscard]] std::string_view describe(RecordError error);

void append_envelope_record(std::string& out, const BodyReference& body,
                            const mail::Envelope& envelope);
[[nodiscard]] Result<EnvelopeRecord, RecordError> parse_envelope_record(std::string_view record);

// The head alone; also of records of newer versions.
[[nodiscard]] Result<BodyReference, RecordError> parse_body_reference(std::string_view record);

void append_state_record(std::string& out, const MessageState& state);
[[nodiscard]] Result<MessageState, RecordError> parse_state_record(std::string_view record);

}  // namespace hermetic::spool
