#include "store/slots_env.h"

#include <string.h>

static int read_vars(struct lb_bootenv_vars *vars, const struct plat_bootenv *env,
		     enum lb_bootenv_scheme scheme)
{
	lb_bootenv_ask(vars, scheme);
	for (size_t i = 0; i < vars->count; i++) {
		struct lb_bootenv_var *var = &vars->var[i];
		int rc = env->get(env->ctx, var->name, var->value, sizeof(var->value));

		if (rc < 0 && rc != LB_E(NOENT) && rc != LB_E(NOSPC))
			return rc;
	}
	return 0;
}

/* Whether the environment says that already, a value that is too long for us being another one. */
static bool says(const struct plat_bootenv *env, const struct lb_bootenv_var *var)
{
	char value[LB_BOOTENV_VALUE_MAX];
	int rc = env->get(env->ctx, var->name, value, sizeof(value));

	if (rc == LB_E(NOENT))
		return var->only_if_there || !var->value[0];
	return rc == 0 && strcmp(value, var->value) == 0;
}

/* Flash is worn by what is written, and a cut can only hit what is. */
static int write_vars(const struct lb_bootenv_vars *vars, const struct plat_bootenv *env)
{
	bool changed = false;

	for (size_t i = 0; i < vars->count; i++) {
		const struct lb_bootenv_var *var = &vars->var[i];
		int rc = 0;

		if (says(env, var))
			continue;
		changed = true;
		rc = env->set(env->ctx, var->name, var->value);
		if (rc < 0)
			return rc;
	}
	return changed ? env->commit(env->ctx) : 0;
}

static int load(const struct lb_slots_env *e, struct lb_slots_state *out, bool *knows_toggle)
{
	static struct lb_bootenv_vars vars;
	int rc = read_vars(&vars, &e->env, e->scheme);

	if (rc < 0)
		return rc;
	lb_bootenv_decode(out, &vars, e->scheme, e->rules.tries);
	if (e->entered >= 0) /* another one may be the active one by now */
		(void)lb_slots_follow(out, e->entered);
	*knows_toggle = lb_bootenv_knows_toggle(&vars, e->scheme, e->rules.toggle);
	return 0;
}

int lb_slots_env_load(const struct lb_slots_env *e, struct lb_slots_state *out)
{
	bool unused;

	return load(e, out, &unused);
}

static bool is_same(const struct lb_bootenv_vars *a, const struct lb_bootenv_vars *b)
{
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->var[i].value, b->var[i].value) != 0)
			return false;
	return true;
}

int lb_slots_env_change(const struct lb_slots_env *e,
			void (*edit)(struct lb_slots_state *s, void *arg), void *arg,
			struct lb_slots_state *out)
{
	static struct lb_bootenv_vars before, after;
	struct lb_slots_state s;
	bool knows_toggle;
	int rc = load(e, &s, &knows_toggle);

	if (rc < 0)
		return rc;
	lb_bootenv_encode(&before, &s, e->scheme, &e->rules);
	edit(&s, arg);
	lb_bootenv_encode(&after, &s, e->scheme, &e->rules);
	rc = knows_toggle && is_same(&before, &after) ? 0 : write_vars(&after, &e->env);
	if (rc == 0)
		*out = s;
	return rc;
}

int lb_slots_env_good(const struct plat_bootenv *env)
{
	static struct lb_bootenv_vars vars;

	lb_bootenv_good(&vars);
	return write_vars(&vars, env);
}
