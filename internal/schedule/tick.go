package schedule

import (
	"cmp"
	"context"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// tick does what is due.
func (s *Service) tick(ctx context.Context, now time.Time) error {
	defer s.tell(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.cfg.Settings(ctx)
	if err != nil {
		return err
	}
	if !c.Enabled || !s.cfg.Lead() {
		return s.remember(ctx, now)
	}
	if err := s.expandAll(ctx, now); err != nil {
		return err
	}
	if err := s.remember(ctx, now); err != nil {
		return err
	}
	for _, e := range s.nearEvents() {
		if err := s.look(ctx, now, c, e); err != nil {
			return err
		}
	}
	return s.remember(ctx, now)
}

// look does what is due for one event. What is to be done once is written down
// before it is done: twice would be worse than never.
func (s *Service) look(ctx context.Context, now time.Time, c Settings, e repository.Event) error {
	if running(e) {
		if s.cfg.Online() || now.Sub(s.startedAt) < patience {
			return nil
		}
		return s.end(ctx, now, e)
	}
	if !pending(e) {
		return nil
	}
	if s.cfg.Online() && inWindow(now, c, e) {
		return s.begin(ctx, now, e)
	}
	if now.Before(e.StartsAt) {
		return s.announce(ctx, now, c, e)
	}
	return s.missed(ctx, now, c, e)
}

func running(e repository.Event) bool { return !e.StartedAt.IsZero() && e.EndedAt.IsZero() }

// inWindow tells whether a broadcast is the event's.
func inWindow(now time.Time, c Settings, e repository.Event) bool {
	return !now.Before(e.StartsAt.Add(-max(leastWindow, c.chatOpen()))) && now.Before(e.StartsAt.Add(cancelAfter))
}

// announce reminds and warns of an event that is to come.
func (s *Service) announce(ctx context.Context, now time.Time, c Settings, e repository.Event) error {
	var reminder *Reminder
	var done []string
	for _, r := range []struct {
		name    string
		minutes int
	}{{doneFirst, c.FirstReminder}, {doneSecond, c.SecondReminder}} {
		lead := time.Duration(r.minutes) * time.Minute
		if lead == 0 || isDone(e, r.name) || now.Before(e.StartsAt.Add(-lead)) {
			continue
		}
		// One that was due before the event was made is not sent, and of two
		// that are due, as after the server was down, one is.
		done = append(done, r.name)
		if !e.CreatedAt.After(e.StartsAt.Add(-lead)) && (reminder == nil || lead < reminder.Lead) {
			reminder = &Reminder{Event: e, Message: e.ReminderMessage, Lead: lead}
		}
	}
	warn := !isDone(e, doneWarning) && !now.Before(e.StartsAt.Add(-warnBefore))
	if warn {
		done = append(done, doneWarning)
	}
	if len(done) == 0 {
		return nil
	}
	e.Done = append(e.Done, done...)
	if err := s.put(ctx, e); err != nil {
		return err
	}
	if warn {
		later(s, s.cfg.Events.Warned, e)
	}
	if reminder != nil {
		reminder.Message = cmp.Or(reminder.Message, c.ReminderMessage)
		later(s, s.cfg.Events.Reminder, *reminder)
	}
	return nil
}

// missed ends an event that has not begun.
func (s *Service) missed(ctx context.Context, now time.Time, c Settings, e repository.Event) error {
	switch late := now.Sub(e.StartsAt); {
	case late >= cancelAfter:
		e.Status = repository.EventCancelled
		if err := s.put(ctx, e); err != nil {
			return err
		}
		s.changed(EventUpdated, e)
	case late >= missedAfter && c.ChatOpenMinutes > 0 && !isDone(e, doneMissed):
		e.Done = append(e.Done, doneMissed)
		if err := s.put(ctx, e); err != nil {
			return err
		}
		later(s, s.cfg.Events.Missed, e)
	}
	return nil
}

// begin is the start of an event whose broadcast is there.
func (s *Service) begin(ctx context.Context, now time.Time, e repository.Event) error {
	for _, other := range s.nearEvents() {
		if running(other) && other.ID != e.ID { // one at a time
			if err := s.end(ctx, now, other); err != nil {
				return err
			}
		}
	}
	e.StartedAt = now.UTC()
	if err := s.put(ctx, e); err != nil {
		return err
	}
	if err := s.remember(ctx, now); err != nil {
		return err
	}
	later(s, s.cfg.Events.Started, e)
	return nil
}

// end is the end of an event.
func (s *Service) end(ctx context.Context, now time.Time, e repository.Event) error {
	e.EndedAt = now.UTC()
	if err := s.put(ctx, e); err != nil {
		return err
	}
	later(s, s.cfg.Events.Ended, e)
	return nil
}

// streamTurned is what a stream that starts or stops has to do with events. It
// is seen to its end even if ctx is done.
func (s *Service) streamTurned(ctx context.Context, t turn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), turnTime)
	defer cancel()
	if err := s.turned(ctx, t); err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "the stream is not seen in the schedule", "err", err)
	}
}

func (s *Service) turned(ctx context.Context, t turn) error {
	defer s.tell(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.cfg.Settings(ctx)
	if err != nil || !c.Enabled {
		return err
	}
	if err := s.remember(ctx, t.at); err != nil {
		return err
	}
	for _, e := range s.nearEvents() {
		switch {
		case t.online && pending(e) && inWindow(t.at, c, e):
			err = s.begin(ctx, t.at, e)
		case !t.online && running(e):
			err = s.end(ctx, t.at, e)
		default:
			continue
		}
		if err != nil {
			return err
		}
		if t.online {
			break // the first
		}
	}
	return s.remember(ctx, t.at)
}
