"""Give group places, profiles, advice and remedies

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-21 23:29:47.779442

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

KINDS = (
    'signed_up',
    'email_confirmed',
    'password_changed',
    'account_changed',
    'coordinator_invited',
    'invitation_renewed',
    'invitation_withdrawn',
    'invitation_accepted',
    'account_disabled',
    'account_enabled',
    'tutor_applied',
    'tutor_changed',
    'tutor_checked',
    'tutor_declined',
    'tutor_unchecked',
    'tutor_paused',
    'tutor_resumed',
    'tutor_left',
    'teacher_applied',
    'teacher_changed',
    'teacher_admitted',
    'teacher_declined',
    'pupil_nominated',
    'pupil_changed',
    'pupil_seen',
    'pupil_withdrawn',
    'consent_changed',
    'free_time_asked',
    'language_accepted',
    'language_taken_back',
    'round_started',
    'round_restarted',
    'matches_approved',
    'matches_rejected',
    'pair_suggested',
    'decision_undone',
    'match_ended',
    'imported',
    'catalogue_changed',
    'mail_retried',
)
ADDED_KINDS = ("free_time_asked", "language_accepted", "language_taken_back", "pair_suggested")


def _audit_kinds(without):
    """Hold the activity log to the kinds of event, all or ``without`` some."""
    kinds = [kind for kind in KINDS if kind not in without]
    with op.batch_alter_table('audit_events', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_audit_events_auditkind'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_audit_events_auditkind'), "kind IN ({})".format(", ".join(map(repr, kinds))))


def upgrade():
    op.create_table('remedies',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('pupil_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('free_time_asked', 'language_accepted', name='remedykind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('value', sa.String(length=200), nullable=False),
    sa.Column('made_by_id', sa.Integer(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("undone_at IS NULL OR kind = 'language_accepted'", name=op.f('ck_remedies_can_be_undone')),
    sa.CheckConstraint("value != ''", name=op.f('ck_remedies_has_value')),
    sa.ForeignKeyConstraint(['made_by_id'], ['accounts.id'], name=op.f('fk_remedies_made_by_id_accounts')),
    sa.ForeignKeyConstraint(['pupil_id'], ['pupils.id'], name=op.f('fk_remedies_pupil_id_pupils'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['round_id'], ['rounds.id'], name=op.f('fk_remedies_round_id_rounds'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_remedies'))
    )
    with op.batch_alter_table('remedies', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_remedies_pupil_id'), ['pupil_id'], unique=False)
        batch_op.create_index('uq_remedies_taken', ['round_id', 'pupil_id', 'kind', 'value'], unique=True, sqlite_where=sa.text('undone_at IS NULL'), postgresql_where=sa.text('undone_at IS NULL'))

    with op.batch_alter_table('matches', schema=None) as batch_op:
        batch_op.add_column(sa.Column('joins_id', sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f('ix_matches_joins_id'), ['joins_id'], unique=False)
        batch_op.create_unique_constraint(batch_op.f('uq_matches_id_tutor_id'), ['id', 'tutor_id'])
        batch_op.create_check_constraint(batch_op.f('ck_matches_joins_another'), 'joins_id IS NULL OR joins_id != id')
        batch_op.create_foreign_key(batch_op.f('fk_matches_joins_id_tutor_id_matches'), 'matches', ['joins_id', 'tutor_id'], ['id', 'tutor_id'])

    with op.batch_alter_table('rounds', schema=None) as batch_op:
        batch_op.add_column(sa.Column('profile', sa.Enum('breadth_first', 'depth_first', 'longest_wait_first', name='profile', native_enum=False, create_constraint=True, length=32), nullable=False, server_default='breadth_first'))
        batch_op.add_column(sa.Column('advice', sa.JSON(), nullable=True))

    with op.batch_alter_table('weekly_sessions', schema=None) as batch_op:
        batch_op.add_column(sa.Column('host_id', sa.Integer(), nullable=True))
        batch_op.create_check_constraint(batch_op.f('ck_weekly_sessions_place_is_live'), 'host_id IS NULL OR (is_live AND host_id != match_id)')
        batch_op.drop_index('uq_weekly_sessions_live_tutor', sqlite_where=sa.text('is_live'), postgresql_where=sa.text('is_live'))
        batch_op.create_index('uq_weekly_sessions_live_tutor', ['tutor_id', 'slot'], unique=True, sqlite_where=sa.text('is_live AND host_id IS NULL'), postgresql_where=sa.text('is_live AND host_id IS NULL'))
        batch_op.create_index('ix_weekly_sessions_host_id', ['host_id'], unique=False)
        batch_op.create_unique_constraint('uq_weekly_sessions_as_host', ['match_id', 'tutor_id', 'slot', 'is_live'])
        batch_op.create_foreign_key('fk_weekly_sessions_host', 'weekly_sessions', ['host_id', 'tutor_id', 'slot', 'is_live'], ['match_id', 'tutor_id', 'slot', 'is_live'])

    with op.batch_alter_table('rounds', schema=None) as batch_op:
        batch_op.alter_column('profile', server_default=None)

    _audit_kinds(without=())



def downgrade():
    op.execute("DELETE FROM audit_events WHERE kind IN ({})".format(", ".join(map(repr, ADDED_KINDS))))
    _audit_kinds(without=ADDED_KINDS)

    # A place in a group has no session of its own to go back to.
    op.execute("UPDATE weekly_sessions SET is_live = FALSE, host_id = NULL WHERE host_id IS NOT NULL")
    with op.batch_alter_table('weekly_sessions', schema=None) as batch_op:
        batch_op.drop_constraint('fk_weekly_sessions_host', type_='foreignkey')
        batch_op.drop_constraint('uq_weekly_sessions_as_host', type_='unique')
        batch_op.drop_index('ix_weekly_sessions_host_id')
        batch_op.drop_constraint(batch_op.f('ck_weekly_sessions_place_is_live'), type_='check')
        batch_op.drop_index('uq_weekly_sessions_live_tutor', sqlite_where=sa.text('is_live AND host_id IS NULL'), postgresql_where=sa.text('is_live AND host_id IS NULL'))
        batch_op.create_index('uq_weekly_sessions_live_tutor', ['tutor_id', 'slot'], unique=True, sqlite_where=sa.text('is_live'), postgresql_where=sa.text('is_live'))
        batch_op.drop_column('host_id')

    with op.batch_alter_table('rounds', schema=None) as batch_op:
        batch_op.drop_column('advice')
        batch_op.drop_constraint(batch_op.f('ck_rounds_profile'), type_='check')
        batch_op.drop_column('profile')

    with op.batch_alter_table('matches', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_matches_joins_id_tutor_id_matches'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('ck_matches_joins_another'), type_='check')
        batch_op.drop_constraint(batch_op.f('uq_matches_id_tutor_id'), type_='unique')
        batch_op.drop_index(batch_op.f('ix_matches_joins_id'))
        batch_op.drop_column('joins_id')

    with op.batch_alter_table('remedies', schema=None) as batch_op:
        batch_op.drop_index('uq_remedies_taken', sqlite_where=sa.text('undone_at IS NULL'), postgresql_where=sa.text('undone_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_remedies_pupil_id'))

    op.drop_table('remedies')
