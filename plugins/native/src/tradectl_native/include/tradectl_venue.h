/* The interface between tradectl and a vendor's shared library.
 *
 * A library (.so, .dll, .dylib) that exports these functions is an exchange of tradectl's, through
 * the plugin "native". Usually it is a thin layer over the vendor's own interface.
 *
 * Numbers: prices are whole ticks, quantities whole lots of the instrument, money 10^-8 of a
 * currency, times nanoseconds since 1970 UTC. Texts are UTF-8 and end with a zero.
 *
 * Memory: the caller owns everything it passes; the library keeps no pointer after it returns.
 * `size` is sizeof the structure as the caller knows it. A later version of this header appends
 * members and never moves one, so a library writes no more than `size` bytes.
 *
 * Threads: at most two calls run at a time, and one of them is always tv_poll. Calls may block;
 * tradectl makes them outside of its event loop and gives up waiting after its own deadline.
 *
 * Orders: tv_submit is called once for an order and never again. Return TV_REFUSED only if the
 * venue definitely has not taken it, TV_NOT_SENT only if nothing has left this machine. If in
 * doubt, return TV_UNCLEAR: tradectl then asks until it knows.
 */
#ifndef TRADECTL_VENUE_H
#define TRADECTL_VENUE_H

#include <stdint.h>

#ifdef _WIN32
#define TV_EXPORT __declspec(dllexport)
#else
#define TV_EXPORT __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define TV_ABI 1

enum {
    TV_OK = 0,
    TV_REFUSED = 1,      /* the venue, or the library for it, answered no */
    TV_UNCLEAR = 2,      /* sent, and nobody knows */
    TV_NOT_SENT = 3,     /* certainly nothing left this machine */
    TV_ABSENT = 4,       /* tv_query: the venue answered, and knows no such order */
    TV_RATE_LIMITED = 5, /* wait error.retry_after nanoseconds */
    TV_MAINTENANCE = 6,
    TV_TRANSPORT = 7,    /* the network failed, or no answer came */
    TV_CLOCK = 8,        /* the clocks differ too much */
    TV_CREDENTIALS = 9,
    TV_UNREADABLE = 10   /* an answer makes no sense */
};

/* Members of masks: 1 << number */
enum { TV_MARKET = 0, TV_LIMIT = 1, TV_STOP = 2, TV_STOP_LIMIT = 3, TV_TRAILING_STOP = 4 };
enum { TV_GTC = 0, TV_IOC = 1, TV_FOK = 2, TV_GTD = 3, TV_DAY = 4 };
enum { TV_BARS = 0, TV_TRADES = 1, TV_QUOTES = 2 };
enum { TV_SIMULATED = 0, TV_MARGIN = 1, TV_HAS_REDUCE_ONLY = 2 };

/* Bits of tv_ticket.flags */
enum { TV_REDUCE_ONLY = 1, TV_TRAIL_BPS = 2, TV_CLOSE_POSITION = 4 };

/* tv_order.status */
enum {
    TV_ACCEPTED = 5,
    TV_TRIGGERED = 6,
    TV_PARTIALLY_FILLED = 7,
    TV_FILLED = 8,
    TV_CANCELED = 9,
    TV_EXPIRED = 10,
    TV_REJECTED = 11
};

/* tv_event.kind */
enum {
    TV_EVENT_ORDER = 1,
    TV_EVENT_TRADE = 2,
    TV_EVENT_LINK = 3,  /* value 1: the account's stream stands; 0: it does not */
    TV_EVENT_BAR = 4,
    TV_EVENT_PRINT = 5,
    TV_EVENT_QUOTE = 6,
    TV_EVENT_FEED = 7   /* value 1: market data can be trusted; 0: they cannot */
};

typedef struct {
    uint32_t size;
    uint32_t reserved;
    int64_t retry_after;
    char code[32];  /* the venue's own */
    char text[192]; /* the venue's words; no key may stand in them */
} tv_error;

typedef struct {
    uint32_t size;
    uint32_t reserved;
    const char *api_key; /* empty for public data only */
    const char *secret;
    const char *passphrase;
    const char *private_key;
    const char *account;
    const char *options; /* lines of KEY=VALUE from the settings */
} tv_config;

typedef struct {
    uint32_t size;
    uint32_t order_types; /* masks */
    uint32_t times_in_force;
    uint32_t market_data;
    uint32_t flags;
    uint32_t id_length; /* of client ids; 0 when the venue takes none */
    int64_t request_window;
    int64_t processing;
    int64_t rate_weight; /* requests in an interval */
    int64_t rate_interval;
    char id_alphabet[80];
} tv_card;

typedef struct {
    uint32_t size;
    uint32_t reserved;
    char symbol[48];
    char base[16];
    char quote[16];
    char tick_size[24]; /* decimal texts */
    char lot_size[24];
    char multiplier[24];
    char maker_fee[24];
    char taker_fee[24];
    char min_notional[24];
} tv_instrument;

typedef struct {
    uint32_t size;
    int32_t side; /* 1 buy, -1 sell */
    int32_t type;
    int32_t time_in_force;
    uint32_t flags;
    uint32_t reserved;
    int64_t lots;
    int64_t limit;   /* 0 for none */
    int64_t trigger; /* 0 for none */
    int64_t trail;   /* 0 for none */
    int64_t expires; /* 0 for never */
    char symbol[48];
    char client_id[64];
} tv_ticket;

typedef struct {
    uint32_t size;
    uint32_t reserved;
    char symbol[48];
    char client_id[64]; /* one of the two may be empty */
    char venue_id[64];
} tv_ref;

typedef struct {
    uint32_t size;
    int32_t status;
    int32_t side;
    int32_t type;
    int64_t lots;
    int64_t filled;
    int64_t limit;
    int64_t trigger;
    int64_t time;
    char symbol[48];
    char client_id[64];
    char venue_id[64];
    char text[96];
} tv_order;

typedef struct {
    uint32_t size;
    int32_t side;
    int32_t maker;
    int32_t reserved;
    int64_t lots;
    int64_t price;
    int64_t fee; /* negative for a rebate */
    int64_t time;
    char symbol[48];
    char client_id[64];
    char venue_id[64];
    char trade_id[64];     /* the same whenever the trade is told */
    char fee_currency[16]; /* empty for the quote currency */
} tv_trade;

typedef struct {
    uint32_t size;
    uint32_t reserved;
    int64_t length;
    int64_t time; /* when it closed */
    int64_t open;
    int64_t high;
    int64_t low;
    int64_t close;
    int64_t volume;
    char symbol[48];
} tv_bar;

typedef struct {
    uint32_t size;
    int32_t side; /* the taker's, 0 when unknown */
    int64_t time;
    int64_t price;
    int64_t lots;
    char symbol[48];
    char id[64];
} tv_print;

typedef struct {
    uint32_t size;
    uint32_t reserved;
    int64_t time;
    int64_t bid;
    int64_t bid_lots;
    int64_t ask;
    int64_t ask_lots;
    char symbol[48];
} tv_quote;

typedef struct {
    uint32_t size;
    uint32_t reserved;
    int64_t free;
    int64_t held;
    char currency[16];
} tv_balance;

typedef struct {
    uint32_t size;
    int32_t trade; /* 1 yes, 0 no, -1 the venue does not tell */
    int32_t withdraw;
    int32_t restricted_by_address;
} tv_rights;

typedef struct {
    uint32_t size;
    uint32_t kind;
    int32_t value;
    int32_t reserved;
    char text[96];
    union {
        tv_order order;
        tv_trade trade;
        tv_bar bar;
        tv_print print;
        tv_quote quote;
    } of;
} tv_event;

/* The version of this header that the library was made for: TV_ABI. */
TV_EXPORT int32_t tv_abi(void);
/* What the venue can do; needs no connection. */
TV_EXPORT int32_t tv_describe(tv_card *card);

/* Connect. *handle stands for the connection in all other calls. */
TV_EXPORT int32_t tv_open(const tv_config *config, void **handle, tv_error *error);
/* Disconnect; orders stay as they are. No other call is made with the handle afterwards. */
TV_EXPORT void tv_close(void *handle);

TV_EXPORT int32_t tv_time(void *handle, int64_t *time, tv_error *error);
TV_EXPORT int32_t tv_permissions(void *handle, tv_rights *rights, tv_error *error);

/* Lists write at most `capacity` items and say in *count how many. Exactly `capacity` means that
 * there may be more: tradectl asks again, for lists with `since` from the last item's time on, for
 * the others with more room. */
TV_EXPORT int32_t tv_instruments(void *handle, tv_instrument *items, int32_t capacity,
                                 int32_t *count, tv_error *error);
TV_EXPORT int32_t tv_balances(void *handle, tv_balance *items, int32_t capacity, int32_t *count,
                              tv_error *error);
/* Bars that have closed and open in [since, until), oldest first. */
TV_EXPORT int32_t tv_history(void *handle, const char *symbol, int64_t length, int64_t since,
                             int64_t until, tv_bar *items, int32_t capacity, int32_t *count,
                             tv_error *error);
TV_EXPORT int32_t tv_open_orders(void *handle, tv_order *items, int32_t capacity, int32_t *count,
                                 tv_error *error);
/* Orders that ended since a time, and own trades, oldest first. */
TV_EXPORT int32_t tv_closed_orders(void *handle, const char *symbol, int64_t since,
                                   tv_order *items, int32_t capacity, int32_t *count,
                                   tv_error *error);
TV_EXPORT int32_t tv_trades(void *handle, const char *symbol, int64_t since, tv_trade *items,
                            int32_t capacity, int32_t *count, tv_error *error);

TV_EXPORT int32_t tv_submit(void *handle, const tv_ticket *ticket, tv_order *order,
                            tv_error *error);
TV_EXPORT int32_t tv_cancel(void *handle, const tv_ref *ref, tv_order *order, tv_error *error);
TV_EXPORT int32_t tv_query(void *handle, const tv_ref *ref, tv_order *order, tv_error *error);

/* Say that events are wanted; TV_EVENT_LINK, TV_EVENT_FEED come first, and whenever they change. */
TV_EXPORT int32_t tv_listen(void *handle, tv_error *error);
TV_EXPORT int32_t tv_subscribe(void *handle, const char *symbol, int32_t kind, int64_t length,
                               tv_error *error);
/* Wait up to `wait` milliseconds for events. */
TV_EXPORT int32_t tv_poll(void *handle, tv_event *items, int32_t capacity, int32_t *count,
                          int32_t wait, tv_error *error);

#ifdef __cplusplus
}
#endif

#endif
