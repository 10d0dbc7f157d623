/* A very small venue behind tradectl_venue.h: one instrument, one account, and faults on demand.
 *
 * It is what the tests compile, and an example of a library. The state belongs to the library, so
 * that every connection sees the same account; demo_reset begins anew.
 */
#include "tradectl_venue.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SYMBOL "ACME/USD"
#define MINUTE 60000000000LL
#define START 1700000040000000000LL
#define HISTORY 1500
#define PRICE 10000
#define MOST_ORDERS 4096
#define MOST_EVENTS 4096
#define MOST_HANDLES 64

enum { HANG = 1, LOSE_ANSWER = 2, UNREACHABLE = 4, BUSY = 8, GARBAGE = 16, UNSENT = 32 };

typedef struct {
    int used, listens, subscribed;
    int32_t first, last; /* events that wait: [first, last) */
    tv_event events[MOST_EVENTS];
} connection;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static tv_order orders[MOST_ORDERS];
static tv_trade trades[MOST_ORDERS];
static connection handles[MOST_HANDLES];
static int32_t order_count, trade_count, submits;
static int64_t now = START + HISTORY * MINUTE, held, cash = 100000000000000LL;
static int32_t bars = HISTORY, faults;
static char expected_key[64];

static int32_t fail(tv_error *error, int32_t code, const char *own, const char *text) {
    snprintf(error->code, sizeof error->code, "%s", own);
    snprintf(error->text, sizeof error->text, "%s", text);
    return code;
}

static int32_t trouble(tv_error *error) {
    if (faults & HANG) {
        struct timespec pause = {3, 0};
        pthread_mutex_unlock(&lock);
        nanosleep(&pause, NULL);
        pthread_mutex_lock(&lock);
    }
    if (faults & UNREACHABLE) return fail(error, TV_TRANSPORT, "", "connection reset by peer");
    if (faults & BUSY) {
        error->retry_after = 250000000;
        return fail(error, TV_RATE_LIMITED, "429", "slow down");
    }
    now += 1000000;
    return TV_OK;
}

#define BEGIN(error) \
    pthread_mutex_lock(&lock); \
    { \
        int32_t bad = trouble(error); \
        if (bad) { \
            pthread_mutex_unlock(&lock); \
            return bad; \
        } \
    }
#define END(code) \
    do { \
        int32_t result = (code); \
        pthread_mutex_unlock(&lock); \
        return result; \
    } while (0)

static tv_event *push(connection *c, uint32_t kind) {
    tv_event *event = &c->events[c->last % MOST_EVENTS];
    memset(event, 0, sizeof *event);
    event->size = sizeof *event;
    event->kind = kind;
    c->last++;
    return event;
}

static void tell_order(const tv_order *order) {
    for (int i = 0; i < MOST_HANDLES; i++)
        if (handles[i].used && handles[i].listens) push(&handles[i], TV_EVENT_ORDER)->of.order = *order;
}

static void tell_trade(const tv_trade *trade) {
    for (int i = 0; i < MOST_HANDLES; i++)
        if (handles[i].used && handles[i].listens) push(&handles[i], TV_EVENT_TRADE)->of.trade = *trade;
}

static void tell_state(connection *c, uint32_t kind, int32_t value, const char *text) {
    tv_event *event = push(c, kind);
    event->value = value;
    snprintf(event->text, sizeof event->text, "%s", text);
}

static tv_bar bar_of(int32_t index) {
    tv_bar bar = {sizeof bar, 0, MINUTE, START + (index + 1) * MINUTE, 0, 0, 0, 0, 0, SYMBOL};
    bar.open = PRICE + index % 40 - 20;
    bar.high = bar.open + 10;
    bar.low = bar.open - 10;
    bar.close = bar.open + 5;
    bar.volume = 1000 + index % 7;
    return bar;
}

static tv_order *find(const tv_ref *ref) {
    for (int32_t i = 0; i < order_count; i++)
        if ((ref->venue_id[0] && !strcmp(ref->venue_id, orders[i].venue_id)) ||
            (ref->client_id[0] && !strcmp(ref->client_id, orders[i].client_id)))
            return &orders[i];
    return NULL;
}

static void end(tv_order *order, int32_t status) {
    order->status = status;
    order->time = now;
    tell_order(order);
}

static void fill(tv_order *order) {
    tv_trade *trade = &trades[trade_count++];
    memset(trade, 0, sizeof *trade);
    trade->size = sizeof *trade;
    trade->side = order->side;
    trade->lots = order->lots;
    trade->price = PRICE;
    trade->fee = PRICE * order->lots / 10;
    trade->time = now;
    snprintf(trade->symbol, sizeof trade->symbol, "%s", order->symbol);
    snprintf(trade->client_id, sizeof trade->client_id, "%s", order->client_id);
    snprintf(trade->venue_id, sizeof trade->venue_id, "%s", order->venue_id);
    snprintf(trade->trade_id, sizeof trade->trade_id, "t%d", trade_count);
    held += order->side * order->lots;
    cash -= order->side * trade->price * order->lots * 1000 + trade->fee;
    order->filled = order->lots;
    tell_trade(trade);
    end(order, TV_FILLED);
}

TV_EXPORT int32_t tv_abi(void) { return TV_ABI; }

TV_EXPORT int32_t tv_describe(tv_card *card) {
    card->order_types = 1u << TV_MARKET | 1u << TV_LIMIT;
    card->times_in_force = 1u << TV_GTC | 1u << TV_IOC;
    card->market_data = 1u << TV_BARS | 1u << TV_TRADES | 1u << TV_QUOTES;
    card->flags = 1u << TV_SIMULATED;
    card->id_length = 32;
    card->request_window = 5000000000LL;
    card->processing = 10000000000LL;
    card->rate_weight = 600;
    card->rate_interval = MINUTE;
    snprintf(card->id_alphabet, sizeof card->id_alphabet, "abcdefghijklmnopqrstuvwxyz0123456789");
    return TV_OK;
}

TV_EXPORT int32_t tv_open(const tv_config *config, void **handle, tv_error *error) {
    BEGIN(error);
    if (expected_key[0] && strcmp(config->api_key, expected_key)) {
        char text[128];
        snprintf(text, sizeof text, "the key %s is not known", config->api_key);
        END(fail(error, TV_CREDENTIALS, "401", text));
    }
    for (int i = 0; i < MOST_HANDLES; i++)
        if (!handles[i].used) {
            memset(&handles[i], 0, sizeof handles[i]);
            handles[i].used = 1;
            *handle = &handles[i];
            END(TV_OK);
        }
    END(fail(error, TV_REFUSED, "full", "too many connections"));
}

TV_EXPORT void tv_close(void *handle) {
    pthread_mutex_lock(&lock);
    ((connection *)handle)->used = 0;
    pthread_mutex_unlock(&lock);
}

TV_EXPORT int32_t tv_time(void *handle, int64_t *time, tv_error *error) {
    (void)handle;
    BEGIN(error);
    *time = now;
    END(TV_OK);
}

TV_EXPORT int32_t tv_permissions(void *handle, tv_rights *rights, tv_error *error) {
    (void)handle;
    BEGIN(error);
    rights->trade = 1;
    rights->withdraw = 0;
    rights->restricted_by_address = -1;
    END(TV_OK);
}

TV_EXPORT int32_t tv_instruments(void *handle, tv_instrument *items, int32_t capacity,
                                 int32_t *count, tv_error *error) {
    (void)handle, (void)capacity;
    BEGIN(error);
    snprintf(items[0].symbol, sizeof items[0].symbol, SYMBOL);
    snprintf(items[0].base, sizeof items[0].base, "ACME");
    snprintf(items[0].quote, sizeof items[0].quote, "USD");
    snprintf(items[0].tick_size, sizeof items[0].tick_size, "0.01");
    snprintf(items[0].lot_size, sizeof items[0].lot_size, "0.001");
    snprintf(items[0].taker_fee, sizeof items[0].taker_fee, "0.001");
    *count = faults & GARBAGE ? -5 : 1;
    END(TV_OK);
}

TV_EXPORT int32_t tv_balances(void *handle, tv_balance *items, int32_t capacity, int32_t *count,
                              tv_error *error) {
    (void)handle, (void)capacity;
    BEGIN(error);
    snprintf(items[0].currency, sizeof items[0].currency, "USD");
    items[0].free = cash;
    snprintf(items[1].currency, sizeof items[1].currency, "ACME");
    items[1].free = held * 100000;
    *count = 2;
    END(TV_OK);
}

TV_EXPORT int32_t tv_history(void *handle, const char *symbol, int64_t length, int64_t since,
                             int64_t until, tv_bar *items, int32_t capacity, int32_t *count,
                             tv_error *error) {
    (void)handle, (void)symbol;
    BEGIN(error);
    if (length != MINUTE) END(fail(error, TV_REFUSED, "length", "there are bars of a minute only"));
    *count = 0;
    for (int32_t i = 0; i < bars && *count < capacity; i++) {
        tv_bar bar = bar_of(i);
        if (bar.time - MINUTE >= since && bar.time - MINUTE < until) items[(*count)++] = bar;
    }
    END(TV_OK);
}

static int32_t list(int open, int64_t since, tv_order *items, int32_t capacity) {
    int32_t count = 0;
    for (int32_t i = 0; i < order_count && count < capacity; i++)
        if ((orders[i].status < TV_FILLED) == open && orders[i].time >= since)
            items[count++] = orders[i];
    return count;
}

TV_EXPORT int32_t tv_open_orders(void *handle, tv_order *items, int32_t capacity, int32_t *count,
                                 tv_error *error) {
    (void)handle;
    BEGIN(error);
    *count = list(1, 0, items, capacity);
    END(TV_OK);
}

TV_EXPORT int32_t tv_closed_orders(void *handle, const char *symbol, int64_t since,
                                   tv_order *items, int32_t capacity, int32_t *count,
                                   tv_error *error) {
    (void)handle, (void)symbol;
    BEGIN(error);
    *count = list(0, since, items, capacity);
    END(TV_OK);
}

TV_EXPORT int32_t tv_trades(void *handle, const char *symbol, int64_t since, tv_trade *items,
                            int32_t capacity, int32_t *count, tv_error *error) {
    (void)handle, (void)symbol;
    BEGIN(error);
    *count = 0;
    for (int32_t i = 0; i < trade_count && *count < capacity; i++)
        if (trades[i].time >= since) items[(*count)++] = trades[i];
    END(TV_OK);
}

TV_EXPORT int32_t tv_submit(void *handle, const tv_ticket *ticket, tv_order *order,
                            tv_error *error) {
    (void)handle;
    tv_ref same = {sizeof same, 0, "", "", ""};
    pthread_mutex_lock(&lock);
    submits++;
    if (faults & UNSENT) END(fail(error, TV_NOT_SENT, "", "the line is down"));
    pthread_mutex_unlock(&lock);
    BEGIN(error);
    if (strcmp(ticket->symbol, SYMBOL)) END(fail(error, TV_REFUSED, "symbol", "no such symbol"));
    snprintf(same.client_id, sizeof same.client_id, "%s", ticket->client_id);
    if (find(&same)) END(fail(error, TV_REFUSED, "duplicate", "this id was used"));
    if (ticket->side < 0 && ticket->lots > held) END(fail(error, TV_REFUSED, "held", "too little"));
    if (order_count == MOST_ORDERS) END(fail(error, TV_REFUSED, "full", "too many orders"));
    tv_order *placed = &orders[order_count++];
    memset(placed, 0, sizeof *placed);
    placed->size = sizeof *placed;
    placed->side = ticket->side;
    placed->type = ticket->type;
    placed->lots = ticket->lots;
    placed->limit = ticket->limit;
    snprintf(placed->symbol, sizeof placed->symbol, "%s", ticket->symbol);
    snprintf(placed->client_id, sizeof placed->client_id, "%s", ticket->client_id);
    snprintf(placed->venue_id, sizeof placed->venue_id, "o%d", order_count);
    end(placed, TV_ACCEPTED);
    int reached = ticket->type == TV_MARKET ||
                  (ticket->side > 0 ? ticket->limit >= PRICE : ticket->limit <= PRICE);
    if (reached)
        fill(placed);
    else if (ticket->time_in_force == TV_IOC)
        end(placed, TV_CANCELED);
    *order = *placed;
    if (faults & GARBAGE) order->status = 77;
    if (faults & LOSE_ANSWER) {
        faults &= ~LOSE_ANSWER;
        END(fail(error, TV_UNCLEAR, "", "no answer came"));
    }
    END(TV_OK);
}

TV_EXPORT int32_t tv_cancel(void *handle, const tv_ref *ref, tv_order *order, tv_error *error) {
    (void)handle;
    BEGIN(error);
    tv_order *found = find(ref);
    if (!found) END(fail(error, TV_REFUSED, "unknown", "no such order"));
    if (found->status >= TV_FILLED) END(fail(error, TV_REFUSED, "ended", "it has ended"));
    end(found, TV_CANCELED);
    *order = *found;
    END(TV_OK);
}

TV_EXPORT int32_t tv_query(void *handle, const tv_ref *ref, tv_order *order, tv_error *error) {
    (void)handle;
    BEGIN(error);
    tv_order *found = find(ref);
    if (!found) END(TV_ABSENT);
    *order = *found;
    if (faults & GARBAGE) order->side = 9;
    END(TV_OK);
}

TV_EXPORT int32_t tv_listen(void *handle, tv_error *error) {
    connection *c = handle;
    BEGIN(error);
    c->listens = 1;
    tell_state(c, TV_EVENT_LINK, 1, "");
    END(TV_OK);
}

TV_EXPORT int32_t tv_subscribe(void *handle, const char *symbol, int32_t kind, int64_t length,
                               tv_error *error) {
    connection *c = handle;
    (void)symbol, (void)length;
    BEGIN(error);
    c->subscribed |= 1 << kind;
    tell_state(c, TV_EVENT_FEED, 1, "");
    END(TV_OK);
}

TV_EXPORT int32_t tv_poll(void *handle, tv_event *items, int32_t capacity, int32_t *count,
                          int32_t wait, tv_error *error) {
    connection *c = handle;
    struct timespec pause = {0, 1000000};
    *count = 0;
    for (int32_t waited = 0; waited <= wait; waited++) {
        pthread_mutex_lock(&lock);
        if (faults & UNREACHABLE) END(fail(error, TV_TRANSPORT, "", "connection reset by peer"));
        while (c->first < c->last && *count < capacity)
            items[(*count)++] = c->events[c->first++ % MOST_EVENTS];
        pthread_mutex_unlock(&lock);
        if (*count) return TV_OK;
        nanosleep(&pause, NULL);
    }
    return TV_OK;
}

/* What a test does; no part of the interface. */

TV_EXPORT void demo_reset(const char *key) {
    pthread_mutex_lock(&lock);
    order_count = trade_count = submits = faults = 0;
    now = START + HISTORY * MINUTE;
    held = 0;
    cash = 100000000000000LL;
    bars = HISTORY;
    memset(handles, 0, sizeof handles);
    snprintf(expected_key, sizeof expected_key, "%s", key);
    pthread_mutex_unlock(&lock);
}

TV_EXPORT void demo_fault(int32_t wanted) {
    pthread_mutex_lock(&lock);
    faults = wanted;
    pthread_mutex_unlock(&lock);
}

TV_EXPORT int32_t demo_submits(void) { return submits; }

TV_EXPORT void demo_cut(void) {
    pthread_mutex_lock(&lock);
    for (int i = 0; i < MOST_HANDLES; i++) {
        connection *c = &handles[i];
        if (!c->used) continue;
        c->first = c->last; /* what waited is lost */
        if (c->listens) {
            tell_state(c, TV_EVENT_LINK, 0, "the line was cut");
            tell_state(c, TV_EVENT_LINK, 1, "");
        }
        if (c->subscribed) {
            tell_state(c, TV_EVENT_FEED, 0, "the line was cut");
            tell_state(c, TV_EVENT_FEED, 1, "");
        }
    }
    pthread_mutex_unlock(&lock);
}

TV_EXPORT void demo_advance(int32_t silently) {
    pthread_mutex_lock(&lock);
    tv_bar bar = bar_of(bars++);
    if (now < bar.time) now = bar.time;
    for (int i = 0; i < MOST_HANDLES && !silently; i++) {
        connection *c = &handles[i];
        if (!c->used) continue;
        if (c->subscribed & 1 << TV_TRADES) {
            tv_print *print = &push(c, TV_EVENT_PRINT)->of.print;
            *print = (tv_print){sizeof *print, 1, now - 1, bar.close, 5, SYMBOL, ""};
            snprintf(print->id, sizeof print->id, "%d", bars);
        }
        if (c->subscribed & 1 << TV_QUOTES) {
            tv_quote *quote = &push(c, TV_EVENT_QUOTE)->of.quote;
            *quote = (tv_quote){sizeof *quote, 0, now, PRICE - 1, 10, PRICE + 1, 10, SYMBOL};
        }
        if (c->subscribed & 1 << TV_BARS) push(c, TV_EVENT_BAR)->of.bar = bar;
    }
    pthread_mutex_unlock(&lock);
}
