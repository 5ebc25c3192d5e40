/*
 * route_maps.c - see route_maps.h.
 */
#include "relay/route_maps.h"

#include "relay/address_normal.h"
#include "relay/relay_conf.h"

#include "base/log.h"

#include <grp.h>
#include <stdlib.h>
#include <sys/stat.h>

static struct map_file **files(char *const *paths, enum map_format format, bool exact)
{
    size_t n = 0;
    while (paths && paths[n])
        n++;
    struct map_file **list = xcalloc(n + 1, sizeof(struct map_file *));
    for (size_t i = 0; i < n; i++)
        list[i] = map_file_new(paths[i], format, exact, false);
    return list;
}

struct route_maps *route_maps_new(char *const *virtuals, char *const *domains, const char *aliases,
                                  bool exact)
{
    struct route_maps *m = xcalloc(1, sizeof *m);
    m->virtuals = files(virtuals, MAP_VIRTUAL, exact);
    m->domains = files(domains, MAP_DOMAINS, exact);
    m->aliases = aliases ? map_file_new(aliases, MAP_ALIASES, exact, true) : NULL;
    m->exact = exact;
    return m;
}

struct route_rules route_rules_of(const struct relay_conf *c)
{
    return (struct route_rules){.hostname = c->site.hostname,
                                .domains = c->domains,
                                .subaddress = c->subaddress ? *c->subaddress : 0,
                                .exact = c->local_parts == LOCAL_PARTS_EXACT,
                                .postmaster = c->postmaster,
                                .maps = route_maps_new(c->virtual_maps, c->domain_files, c->aliases,
                                                       c->local_parts == LOCAL_PARTS_EXACT),
                                .srs_domain = c->srs_domain ? c->srs_domain : c->site.hostname};
}

static void free_files(struct map_file **list)
{
    for (struct map_file **f = list; f && *f; f++)
        map_file_free(*f);
    free(list);
}

void route_maps_free(struct route_maps *m)
{
    if (!m)
        return;
    free_files(m->virtuals);
    free_files(m->domains);
    map_file_free(m->aliases);
    for (size_t i = 0; i < m->nincludes; i++)
        map_file_free(m->includes[i]);
    free(m);
}

/* ---- domains ---- */

static bool same_domain(const char *configured, struct bytes domain)
{
    AUTO_STRBUF struct strbuf normal = STRBUF_INIT(ADDRESS_NORMAL_MAX);
    return domain_normal(&normal, bytes_of(configured)) &&
           (memchr(normal.data, '*', normal.len) ? address_map_fits(strbuf_bytes(&normal), domain)
                                                 : bytes_eq(strbuf_bytes(&normal), domain));
}

/* 1, 0 or -1. A virtual map names a domain by a line of its own, or by a catch-all. */
static int named(struct map_file *file, struct bytes domain, bool catch_all)
{
    const struct address_map *map = map_file_get(file, NULL);
    AUTO_STRBUF struct strbuf key = STRBUF_INIT(ADDRESS_NORMAL_MAX);
    if (!map)
        return -1;
    if (address_map_find(map, domain) || (!catch_all && address_map_match(map, domain)))
        return 1;
    if (!catch_all)
        return 0;
    strbuf_addc(&key, '@');
    strbuf_addb(&key, domain);
    return address_map_find(map, strbuf_bytes(&key)) || address_map_match(map, strbuf_bytes(&key));
}

static int named_in(struct map_file *const *list, struct bytes domain, bool catch_all, const char **why)
{
    int worst = 0;
    for (; list && *list; list++) {
        int found = named(*list, domain, catch_all);
        *why = map_file_path(*list);
        if (found > 0)
            return 1;
        worst = found < 0 ? found : worst;
    }
    return worst;
}

enum route_domain route_domain(const struct route_rules *rules, struct bytes domain, const char **why)
{
    *why = "this host";
    if (!domain.n || bytes_eq(domain, BYTES("localhost")) || same_domain(rules->hostname, domain))
        return DOMAIN_HOST;
    *why = "option domains";
    for (char *const *d = rules->domains; d && *d; d++)
        if (same_domain(*d, domain))
            return DOMAIN_HOST;
    int found = rules->maps ? named_in(rules->maps->domains, domain, false, why) : 0;
    if (found)
        return found < 0 ? DOMAIN_LATER : DOMAIN_HOST;
    found = rules->maps ? named_in(rules->maps->virtuals, domain, true, why) : 0;
    if (found)
        return found < 0 ? DOMAIN_LATER : DOMAIN_VIRTUAL;
    *why = "not ours";
    return DOMAIN_ELSEWHERE;
}

size_t route_detail(const struct route_rules *rules, struct bytes local)
{
    size_t at = rules->subaddress ? bytes_index(local, rules->subaddress) : local.n;
    return at ? at : local.n;
}

bool route_own_sender(const struct route_rules *rules, struct bytes reverse_path)
{
    AUTO_STRBUF struct strbuf normal = STRBUF_INIT(ADDRESS_NORMAL_MAX);
    struct bytes local, domain;
    const char *why;
    address_cut(reverse_path, &local, &domain);
    return !domain.n || (domain_normal(&normal, domain) &&
                         route_domain(rules, strbuf_bytes(&normal), &why) != DOMAIN_ELSEWHERE);
}

/* ---- virtual maps ---- */

static const struct map_entry *lookup_virtual(const struct route_rules *rules, const struct address_map *map,
                                              struct bytes local, struct bytes domain, bool host)
{
    AUTO_STRBUF struct strbuf key = STRBUF_INIT(2 * ADDRESS_NORMAL_MAX);
    size_t detail = route_detail(rules, local);
    const struct map_entry *found = NULL;
    for (size_t n = local.n; !found; n = detail) {
        strbuf_clear(&key);
        strbuf_add(&key, local.p, n);
        strbuf_addc(&key, '@');
        strbuf_addb(&key, domain);
        found = address_map_find(map, strbuf_bytes(&key));
        if (n == detail)
            break;
    }
    for (size_t n = local.n; !found && host; n = detail) {
        found = address_map_find(map, bytes_from(local.p, n));
        if (n == detail)
            break;
    }
    if (found)
        return found;
    strbuf_clear(&key);
    strbuf_addb(&key, local);
    strbuf_addc(&key, '@');
    strbuf_addb(&key, domain);
    found = address_map_match(map, strbuf_bytes(&key));
    if (found)
        return found;
    strbuf_consume(&key, local.n);
    return address_map_find(map, strbuf_bytes(&key));
}

int route_virtual(const struct route_rules *rules, struct bytes local, struct bytes domain, bool host,
                  struct route_rule *rule)
{
    struct map_file **f = rules->maps ? rules->maps->virtuals : NULL;
    for (; f && *f; f++) {
        const struct address_map *map = map_file_get(*f, NULL);
        if (!map)
            return -1;
        *rule = (struct route_rule){map_file_path(*f), lookup_virtual(rules, map, local, domain, host)};
        if (rule->entry)
            return 1;
    }
    return 0;
}

/* ---- aliases ---- */

int route_alias(const struct route_rules *rules, struct bytes name, struct route_rule *rule)
{
    struct map_file *f = rules->maps ? rules->maps->aliases : NULL;
    const struct address_map *map = f ? map_file_get(f, NULL) : NULL;
    if (!f || !map)
        return f ? -1 : 0;
    *rule = (struct route_rule){map_file_path(f), address_map_find(map, name)};
    return rule->entry != NULL;
}

int route_include(const struct route_rules *rules, const char *path, const struct address_map **list)
{
    struct route_maps *m = rules->maps;
    struct stat st;
    size_t i = 0;
    while (i < m->nincludes && strcmp(map_file_path(m->includes[i]), path))
        i++;
    if (i == ROUTE_INCLUDES_MAX) {
        log_error("%s: more than %d files are included from aliases", path, ROUTE_INCLUDES_MAX);
        return -1;
    }
    if (!stat(path, &st) && (st.st_mode & S_IWOTH)) {
        log_error("%s may be written by everybody: nobody in it gets mail until that is changed", path);
        return -1;
    }
    if (i == m->nincludes)
        m->includes[m->nincludes++] = map_file_new(path, MAP_INCLUDE, m->exact, false);
    *list = map_file_get(m->includes[i], NULL);
    return *list ? 0 : -1;
}

bool route_administrator(const struct route_rules *rules, struct strbuf *out)
{
    static const char *const groups[] = {"sudo", "wheel"};
    if (rules->postmaster)
        return strbuf_adds(out, rules->postmaster);
    for (size_t i = 0; i < 2; i++) {
        const struct group *g = getgrnam(groups[i]);
        if (g && g->gr_mem[0])
            return strbuf_adds(out, g->gr_mem[0]);
    }
    return false;
}
